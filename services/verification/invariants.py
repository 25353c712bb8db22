"""The seven invariants, each judged on one snapshot of the whole database."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.store import verification as inventory
from services.orders.store import verification as orders
from services.pickup.store import verification as pickup
from services.verification.agreement import Bag, Order, Promise, disagreements
from services.verification.motion import first_unread, undelivered_keys, waiting_keys
from services.verification.slots import Wished, slot_disagreements
from shared.bus.base import Bus

SCHEMAS = ("inventory", "orders", "pickup")
AGREEMENT = (7, "every order, its timeline, its reservation and its pickup tell one story")


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant and what contradicts it; `held_against` says how much was looked at."""

    number: int
    title: str
    violations: Sequence[str]
    held_against: str


async def are_installed(connection: AsyncConnection) -> bool:
    """Whether all three services have their tables here."""
    found = await connection.execute(
        text("SELECT count(*) FROM unnest(CAST(:names AS text[])) AS name WHERE to_regclass(name) IS NOT NULL"),
        {"names": [f"{schema}.outbox" for schema in SCHEMAS]},
    )
    return bool(found.scalar_one() == len(SCHEMAS))


async def examine(connection: AsyncConnection, bus: Bus) -> list[Finding]:
    """All seven, in order. `connection` is in a REPEATABLE READ transaction, so they speak of one moment."""
    await _look_into(connection, "inventory")
    findings = [
        Finding(
            invariant.number,
            invariant.title,
            await invariant.violations(connection),
            f"{await _count(connection, invariant.counted):,} {invariant.counted.replace('_', ' ')}",
        )
        for invariant in inventory.INVARIANTS
    ]
    return [*findings, await _agreement(connection, bus)]


async def _agreement(connection: AsyncConnection, bus: Bus) -> Finding:
    promises = [
        Promise(row.order_id, row.reservation_id, row.state, int(row.open), row.units)
        for row in await inventory.promises(connection)
    ]
    await _look_into(connection, "orders")
    faults = list(await orders.violations(connection))
    placed = [
        Order(row.order_id, row.state, row.reservation_id, row.method, row.units)
        for row in await orders.promises(connection)
    ]
    wished = [Wished(row.order_id, row.state, row.slot) for row in await orders.slots(connection)]
    await _look_into(connection, "pickup")
    faults += await pickup.violations(connection)
    given = await pickup.slots(connection)
    bags = [Bag(str(row.order_id), str(row.reservation_id), row.state) for row in await pickup.promises(connection)]
    in_motion = await waiting_keys(connection, SCHEMAS)
    in_motion |= await undelivered_keys(bus, await first_unread(connection, SCHEMAS))
    faults += disagreements(placed, promises, bags, in_motion)
    faults += slot_disagreements(wished, given, in_motion)
    moving = len(in_motion & {order.order_id for order in placed})
    return Finding(*AGREEMENT, faults, f"{len(placed):,} orders" + (f", {moving:,} in motion" if moving else ""))


async def _look_into(connection: AsyncConnection, schema: str) -> None:
    await connection.execute(text(f'SET LOCAL search_path TO "{schema}"'))


async def _count(connection: AsyncConnection, table: str) -> int:
    return int((await connection.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one())
