from services.orders.domain import commands
from services.orders.domain.orders import Cancelled, Confirmed, Rejected, Shortage
from services.orders.domain.promises import grant, reject, withdraw
from services.orders.domain.states import Method, State
from tests.unit.orders.made import WHY, confirmed, pending, shares


def test_a_promise_confirms_the_order() -> None:
    order = pending(A=2)
    grant(order, "r", shares(("A", "W1", 2)), WHY)
    assert order.state is State.CONFIRMED
    assert order.happenings == [Confirmed([("A", "W1", 2)])]
    assert [step.state for step in order.steps] == [State.CONFIRMED]


def test_a_repeated_promise_changes_nothing() -> None:
    order = confirmed(Method.SHIP, ("A", "W1", 2))
    grant(order, "reservation", shares(("A", "W1", 2)), WHY)
    assert (order.steps, order.happenings) == ([], [])


def test_a_refusal_rejects_only_what_is_pending() -> None:
    order = pending(A=2)
    reject(order, [Shortage("A", 2, 1)], WHY)
    assert order.state is State.REJECTED
    assert order.happenings == [Rejected([Shortage("A", 2, 1)])]
    reject(order, [Shortage("A", 2, 0)], WHY)
    grant(order, "late", shares(("A", "W1", 2)), WHY)
    assert len(order.steps) == 1
    done = confirmed(Method.SHIP, ("A", "W1", 2))
    reject(done, [Shortage("A", 2, 0)], WHY)
    assert (done.state, done.steps) == (State.CONFIRMED, [])


def test_units_cancelled_before_the_promise_are_given_back_with_it() -> None:
    order = pending(A=3)
    commands.cancel(order, {"A": 1}, "one too many")
    assert order.happenings == []
    grant(order, "r", shares(("A", "S1", 1), ("A", "W1", 2)), WHY)
    confirmation, cancellation = order.happenings
    assert isinstance(confirmation, Confirmed)
    assert isinstance(cancellation, Cancelled)
    assert (cancellation.lines, cancellation.complete) == ({"A": 1}, False)
    assert [share.open for share in order.shares] == [0, 2]


def test_a_promise_for_a_cancelled_order_is_given_back_whole() -> None:
    order = pending(A=3)
    commands.cancel(order, {"A": 1}, "one too many")
    commands.cancel(order, None, "all of it")
    [first] = order.happenings
    assert isinstance(first, Cancelled)
    assert (first.lines, first.complete) == ({"A": 3}, True)
    grant(order, "r", shares(("A", "W1", 3)), WHY)
    assert order.state is State.CANCELLED
    assert isinstance(order.happenings[-1], Cancelled)
    assert order.shares[0].open == 0


def test_a_promise_that_is_gone_cancels_what_is_open() -> None:
    order = confirmed(Method.SHIP, ("A", "W1", 2))
    withdraw(order, "another", WHY)
    assert order.state is State.CONFIRMED
    withdraw(order, "reservation", WHY)
    withdraw(order, "reservation", WHY)
    assert order.state is State.CANCELLED
    assert [step.state for step in order.steps] == [State.CANCELLED]
