"""An order with a slot: stock and slot are granted or refused in any order, and customers change their minds."""

from collections.abc import Callable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from services.orders.domain.commands import cancel
from services.orders.domain.orders import Cancelled, Confirmed, Order, Rejected, Shortage, Withdrawn
from services.orders.domain.promises import grant, reject
from services.orders.domain.refusals import Refused
from services.orders.domain.rejections import Rejection
from services.orders.domain.slots import refuse_slot, take_slot
from services.orders.domain.states import Method, State, is_legal, state_of
from tests.unit.orders.made import WHY, pending, shares

FULL = Rejection("slot_full", "The slot is full.", {"next_slots": []})


def asked() -> Order:
    order = pending(Method.PICKUP, A=2)
    order.slot = "wanted"
    return order


def hold(order: Order) -> None:
    grant(order, "reservation", shares(("A", "S1", 2)), WHY)


def lack(order: Order) -> None:
    reject(order, [Shortage("A", 2, 0)], WHY)


def take(order: Order) -> None:
    take_slot(order, WHY)


def refuse(order: Order) -> None:
    refuse_slot(order, FULL, WHY)


def cancel_one(order: Order) -> None:
    _try(order, {"A": 1})


def cancel_all(order: Order) -> None:
    _try(order, None)


def _try(order: Order, wanted: Mapping[str, int] | None) -> None:
    try:
        cancel(order, wanted, "changed my mind")
    except Refused:
        assert order.state in (State.CANCELLED, State.REJECTED) or not order.open_units or wanted


def test_it_is_confirmed_once_it_has_both() -> None:
    for first, second in ((hold, take), (take, hold)):
        order = asked()
        first(order)
        assert (order.state, order.happenings) == (State.PENDING, [])
        second(order)
        assert order.state is State.CONFIRMED
        assert order.happenings == [Confirmed([("A", "S1", 2)])]


def test_the_refusal_of_one_gives_the_other_back() -> None:
    for steps in ((hold, refuse), (refuse, hold), (lack, take), (take, lack)):
        order = asked()
        for step in steps:
            step(order)
        assert order.state is State.REJECTED
        assert [type(happening) for happening in order.happenings] == [Rejected, Withdrawn]


def test_what_is_cancelled_while_the_slot_is_asked_for_is_not_asked_of_the_counter() -> None:
    order = asked()
    hold(order)
    cancel_one(order)
    take(order)
    given_back, confirmed = order.happenings
    assert isinstance(given_back, Cancelled)
    assert given_back.released == [("A", "S1", 1)]
    assert confirmed == Confirmed([("A", "S1", 1)])


@given(
    st.tuples(st.sampled_from([hold, lack]), st.sampled_from([take, refuse])).flatmap(st.permutations),
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from([cancel_one, cancel_all, take, refuse])), max_size=4),
)
def test_whatever_comes_first_it_ends_decided_and_whoever_granted_something_is_told(
    answers: list[Callable[[Order], None]], others: list[tuple[int, Callable[[Order], None]]]
) -> None:
    steps = list(answers)
    for place, step in others:
        steps.insert(min(place, len(steps)), step)
    order = asked()
    for step in steps:
        before = order.state
        step(order)
        assert order.state is state_of(order.standing())
        assert is_legal(before, order.state)
    assert order.state in (State.CONFIRMED, State.REJECTED, State.CANCELLED)
    kinds = [type(happening) for happening in order.happenings]
    assert kinds.count(Confirmed) <= 1
    assert kinds.count(Withdrawn) == (order.state is not State.CONFIRMED)
    if order.state is State.CONFIRMED:
        assert order.slot == "taken"
        assert order.reservation_id is not None
