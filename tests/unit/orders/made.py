"""Orders made up for tests of the rules."""

from collections.abc import Sequence

from services.orders.domain.orders import Cause, Line, Order, Share
from services.orders.domain.promises import grant
from services.orders.domain.reassignments import Elsewhere
from services.orders.domain.sourcing import Plan
from services.orders.domain.states import Method, State

WHY = Cause("test")
NOWHERE = Elsewhere(lambda order, failing, failed: None, tries_limit=3)
"""No other place gives anything."""


def among(*places: str, tries_limit: int = 3) -> Elsewhere:
    """The other ones of these places may give the units."""

    def plan(order: Order, failing: str, failed: Sequence[str]) -> Plan | None:
        others = [place for place in places if place not in (failing, *failed)]
        return Plan("fewest_splits", others) if others else None

    return Elsewhere(plan, tries_limit)


def pending(method: Method = Method.SHIP, fulfilment: str = "{}", **quantities: int) -> Order:
    """`pending(A=2)`: an order of two units of A."""
    return Order(
        order_id="01890a5d-a7c1-7e33-9f2a-5c2d4a1be001",
        channel="web",
        member_id=None,
        method=method,
        fulfilment=fulfilment,
        state=State.PENDING,
        lines=[Line(sku=sku, quantity=units) for sku, units in (quantities or {"A": 1}).items()],
    )


def shares(*promised: tuple[str, str, int]) -> list[Share]:
    return [Share(sku=sku, location_id=place, quantity=units) for sku, place, units in promised]


def confirmed(method: Method, *promised: tuple[str, str, int]) -> Order:
    """An order that was promised from these places, with nothing left to tell."""
    quantities: dict[str, int] = {}
    for sku, _, units in promised:
        quantities[sku] = quantities.get(sku, 0) + units
    order = pending(method, "{}", **quantities)
    grant(order, "reservation", shares(*promised), WHY)
    order.steps.clear()
    order.happenings.clear()
    return order
