"""What a till took back of an order: marked as far as it was handed over, waited for, or said to be too much."""

from hypothesis import given
from hypothesis import strategies as st

from services.orders.domain.orders import Line, Order
from services.orders.domain.returns import Receipt, Returned, ReturnedUnits, ReturnExceeded
from services.orders.domain.states import Method, State
from services.orders.domain.till_returns import take_back_at_till

RECEIPT = Receipt("S1", "2", "R7")

lines = st.builds(
    lambda quantity, handed_over, returned: Line(
        sku="A",
        quantity=quantity,
        handed_over=min(handed_over, quantity),
        returned=min(returned, handed_over, quantity),
    ),
    st.integers(1, 5),
    st.integers(0, 5),
    st.integers(0, 5),
)
brought = st.lists(
    st.builds(
        ReturnedUnits,
        st.sampled_from(["A", "not ordered"]),
        st.integers(1, 4),
        st.sampled_from(["sellable", "damaged"]),
    ),
    min_size=1,
    max_size=4,
)


def an_order(line: Line) -> Order:
    under_way = State.PARTIALLY_SHIPPED if line.handed_over else State.CONFIRMED
    return Order(
        order_id="o",
        channel="web",
        member_id=None,
        method=Method.SHIP,
        fulfilment="{}",
        state=under_way if line.open else State.COMPLETED,
        lines=[line],
        reservation_id="r",
    )


@given(lines, brought, st.booleans())
def test_every_unit_that_was_brought_is_marked_waits_or_is_said_to_be_too_much(
    line: Line, brought: list[ReturnedUnits], may_wait: bool
) -> None:
    order, returned_before = an_order(line), line.returned
    taken = take_back_at_till(order, "return", RECEIPT, brought, "cause", may_wait=may_wait)

    marked = sum(units.quantity for units in taken.marked)
    waiting = sum(units.quantity for units in taken.waiting)
    assert marked + waiting + sum(taken.too_much.values()) == sum(units.quantity for units in brought)
    assert line.returned == returned_before + marked <= line.handed_over
    assert {units.sku for units in [*taken.marked, *taken.waiting]} <= {"A"}
    if waiting:
        assert may_wait
        assert line.returned == line.handed_over
    if not may_wait and taken.too_much.get("A"):
        assert line.returned == line.handed_over
    told = [happening for happening in order.happenings if isinstance(happening, Returned | ReturnExceeded)]
    assert [type(happening) for happening in told] == [Returned] * bool(marked) + [ReturnExceeded] * bool(
        taken.too_much
    )
    assert bool(order.steps) == bool(told), "a timeline without news"


def test_it_is_told_where_a_till_took_back_how_many_that_were_too_many() -> None:
    order = an_order(Line(sku="A", quantity=1, handed_over=1))
    take_back_at_till(order, "return", RECEIPT, [ReturnedUnits("A", 2, "sellable")], "cause", may_wait=True)
    assert [step.cause.reason for step in order.steps] == ["at till 2 of S1, receipt R7: too many, 1 of A"]
