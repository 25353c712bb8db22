"""What is known of each till: the highest sequence seen, the missing numbers, when it was last heard of."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Text, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.store.tables import TILLS
from shared.database import Statement, Writes


class Heard(NamedTuple):
    """What one batch heard of a till; `sequences` may be empty."""

    source: str
    location_id: str
    sequences: frozenset[int]
    last_event_at: datetime


# Both sides tell what they have not seen below a top: what is missing now is missing to both, up to the higher top.
_HEAR = Statement(
    """
    INSERT INTO tills AS till (source, location_id, last_sequence, missing, last_seen_at, last_event_at)
    SELECT source, location_id, top, int8multirange(int8range(1, top + 1)) - CAST(seen AS int8multirange), :now, at
    FROM unnest(CAST(:sources AS text[]), CAST(:location_ids AS text[]), CAST(:tops AS bigint[]),
        CAST(:seen AS text[]), CAST(:instants AS timestamptz[])) AS heard (source, location_id, top, seen, at)
    ORDER BY source
    ON CONFLICT (source) DO UPDATE SET
        location_id = excluded.location_id,
        last_sequence = greatest(till.last_sequence, excluded.last_sequence),
        missing = (till.missing + int8multirange(int8range(till.last_sequence + 1,
                greatest(till.last_sequence, excluded.last_sequence) + 1)))
            - (int8multirange(int8range(1, excluded.last_sequence + 1)) - excluded.missing),
        last_seen_at = excluded.last_seen_at,
        last_event_at = greatest(till.last_event_at, excluded.last_event_at)
    """
)


def hear(writes: Writes, heard: Iterable[Heard], now: datetime) -> None:
    tills = list(heard)
    if not tills:
        return
    writes.add(
        _HEAR,
        sources=[till.source for till in tills],
        location_ids=[till.location_id for till in tills],
        tops=[max(till.sequences, default=0) for till in tills],
        seen=["{" + ",".join(f"[{number},{number}]" for number in till.sequences) + "}" for till in tills],
        instants=[till.last_event_at for till in tills],
        now=now,
    )


async def page(
    connection: AsyncConnection, location_id: str | None, after: str | None, limit: int
) -> Sequence[Row[Any]]:
    """Tills by source; `missing` as text, like `{[3,5),[9,10)}`."""
    statement = select(
        TILLS.c.source,
        TILLS.c.location_id,
        TILLS.c.last_sequence,
        cast(TILLS.c.missing, Text).label("missing"),
        TILLS.c.last_seen_at,
        TILLS.c.last_event_at,
    )
    if location_id is not None:
        statement = statement.where(TILLS.c.location_id == location_id)
    if after is not None:
        statement = statement.where(TILLS.c.source > after)
    return (await connection.execute(statement.order_by(TILLS.c.source).limit(limit))).all()
