"""How often a batch of orders goes to the database: what routing costs whoever does not use it is nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.orders.api.placements import placing
from services.orders.domain.routing import RoutingPolicy, Rule
from services.orders.domain.routing_rules import CapacityLeftFilter
from services.orders.settings import SCHEMA
from services.orders.store import capacities, locations, routing_policies
from services.orders.store.locations import Networks
from services.orders.usecases.placements import Place
from shared.contracts.locations import LocationChanged
from shared.contracts.orders import FULFILMENT, OrderLine
from shared.contracts.values import Money
from shared.http.door import Door
from shared.identifiers import new_id
from tests.integration.inventory.statements import Counted
from tests.integration.orders.service import ship_body

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)
CANDIDATES_LIMIT = 50


@pytest.fixture
async def counted(orders_url: str) -> AsyncIterator[Counted]:
    """A warehouse with a capacity, a channel `phone` that looks at it, and a connection that knows every statement."""
    counted = Counted(orders_url, SCHEMA)
    warehouse = LocationChanged(location_id="W1", name="W1", kind="warehouse", ships=True, offers_pickup=False)
    async with counted.database.transaction() as transaction:
        await locations.put(transaction, [(NOW, uuid4().hex, warehouse)])
        await capacities.put(transaction, "W1", 1_000, None, NOW)
        policy = RoutingPolicy([Rule("with room", [CapacityLeftFilter()])])
        await routing_policies.put(transaction, "phone", policy, NOW)
    yield counted
    await counted.database.close()


def an_order(channel: str) -> Place:
    return Place(
        order_id=new_id(),
        channel=channel,
        external_id=None,
        member_id=None,
        currency="JPY",
        lines=[OrderLine(sku="A", quantity=1, unit_price=Money(amount=1290, currency="JPY"))],
        fulfilment=FULFILMENT.validate_python(ship_body()["fulfilment"]),
        reservation_id=None,
    )


@pytest.mark.parametrize(("channel", "looks"), [("web", 1), ("phone", 2)])
async def test_many_orders_take_the_round_trips_of_one_and_one_more_where_capacity_is_looked_at(
    counted: Counted, channel: str, looks: int
) -> None:
    door = Door("place", counted.database, placing(lambda: NOW, Networks(), CANDIDATES_LIMIT))
    for warming in ("web", "phone"):
        await door(an_order(warming))
    counted.taken()
    answers = await asyncio.gather(*(door(an_order(channel)) for _ in range(40)))
    assert {answer.status_code for answer in answers} == {202}
    statements = counted.taken()
    batches = statements["BEGIN"]
    assert batches < 4
    assert statements == {
        "BEGIN": batches,
        "SELECT": looks * batches,
        "INSERT": batches,
        "WITH": 2 * batches,
        "COMMIT": batches,
    }
