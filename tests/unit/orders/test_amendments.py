import pytest

from services.orders.domain.amendments import amend
from services.orders.domain.commands import ship
from services.orders.domain.orders import Cancelled, Shipped
from services.orders.domain.promises import grant
from services.orders.domain.refusals import Refused
from services.orders.domain.repairs import Amended
from services.orders.domain.states import Method, State
from tests.unit.orders.made import WHY, confirmed, pending, shares

TOKYO = {"country": "JP", "postal_code": "104-0061"}
OSAKA = {"country": "JP", "postal_code": "530-0001"}
TO_TOKYO = '{"method": "ship", "destination": {"country": "JP", "postal_code": "104-0061"}}'
TO_OSAKA = TO_TOKYO.replace("104-0061", "530-0001")


def test_a_lowered_quantity_is_told_and_what_is_not_wanted_given_back() -> None:
    order = confirmed(Method.SHIP, ("A", "S1", 2), ("A", "W1", 1), ("B", "W1", 1))
    amend(order, {"A": 1, "B": 0}, None, "too many")
    assert order.happenings == [
        Amended({"A": 1}, order.fulfilment, "too many"),
        Cancelled({"A": 2, "B": 1}, False, "too many", [("A", "S1", 2), ("B", "W1", 1)]),
    ]
    assert order.steps[-1].cause.reason == "2 fewer of A, 1 fewer of B: too many"


def test_an_order_may_be_sent_elsewhere_while_nothing_has_left() -> None:
    order = confirmed(Method.SHIP, ("A", "W1", 2))
    order.fulfilment = TO_TOKYO
    amend(order, None, TOKYO, "the same")
    assert order.steps == []
    amend(order, None, OSAKA, "moved house")
    assert order.happenings == [Amended({"A": 2}, TO_OSAKA, "moved house")]
    ship(order, Shipped("s", "W1", {"A": 1}, None, None))
    with pytest.raises(Refused, match="left already"):
        amend(order, None, TOKYO, "back again")
    assert order.fulfilment == TO_OSAKA


def test_a_change_while_the_order_is_pending_holds_when_it_is_promised() -> None:
    order = pending(A=3)
    amend(order, {"A": 1}, None, "too many")
    grant(order, "r", shares(("A", "W1", 3)), WHY)
    cancelled = order.happenings[-1]
    assert isinstance(cancelled, Cancelled)
    assert (cancelled.lines, order.open_units, order.state) == ({"A": 2}, 1, State.CONFIRMED)


@pytest.mark.parametrize(
    ("lines", "code"),
    [({"C": 1}, "invalid_request"), ({"A": 4}, "invalid_request"), ({"A": 0}, "illegal_transition")],
)
def test_a_quantity_is_only_lowered_and_not_below_what_has_left(lines: dict[str, int], code: str) -> None:
    order = confirmed(Method.SHIP, ("A", "W1", 3))
    ship(order, Shipped("s", "W1", {"A": 1}, None, None))
    told = len(order.happenings)
    with pytest.raises(Refused) as refused:
        amend(order, lines, None, "test")
    assert (refused.value.code, len(order.happenings), order.open_units) == (code, told, 2)


def test_nothing_can_be_changed_at_the_end_nor_where_a_collected_order_goes() -> None:
    order = confirmed(Method.PICKUP, ("A", "S1", 1))
    with pytest.raises(Refused, match="collects"):
        amend(order, None, OSAKA, "moved house")
    amend(order, {"A": 0}, None, "nothing")
    assert order.state is State.CANCELLED
    with pytest.raises(Refused, match="cancelled"):
        amend(order, {"A": 0}, None, "nothing")
