"""Pick rounds in the database. Their bags are pickups, locked like any others in the order of their ids."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.store.tables import PICK_ROUNDS
from shared.database import Transaction
from shared.statements import Statement, columns


@dataclass(frozen=True, slots=True)
class Round:
    """A round as its row has it; its bags are the pickups that name it."""

    round_id: str
    location_id: str
    begun_at: datetime


_ADD = Statement(
    """
    INSERT INTO pick_rounds (round_id, location_id, begun_at)
    SELECT * FROM unnest(CAST(:round_id AS uuid[]), CAST(:location_id AS text[]), CAST(:begun_at AS timestamptz[]))
    """
)


async def add(transaction: Transaction, rounds: Sequence[Round]) -> None:
    if rounds:
        await _ADD.run(transaction, **columns(rounds, "round_id", "location_id", "begun_at"))


async def named(connection: AsyncConnection, round_ids: Collection[str]) -> dict[str, Round]:
    """The rounds that exist under these ids, each under its own."""
    rows = await connection.execute(select(PICK_ROUNDS).where(PICK_ROUNDS.c.round_id.in_(round_ids)))
    return {row.round_id: Round(*row) for row in rows}
