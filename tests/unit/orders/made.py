"""Orders made up for tests of the rules."""

from services.orders.domain.orders import Cause, Line, Order, Share
from services.orders.domain.promises import grant
from services.orders.domain.states import Method, State

WHY = Cause("test")


def pending(method: Method = Method.SHIP, **quantities: int) -> Order:
    """`pending(A=2)`: an order of two units of A."""
    return Order(
        order_id="01890a5d-a7c1-7e33-9f2a-5c2d4a1be001",
        channel="web",
        member_id=None,
        method=method,
        fulfilment="{}",
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
    order = pending(method, **quantities)
    grant(order, "reservation", shares(*promised), WHY)
    order.steps.clear()
    order.happenings.clear()
    return order
