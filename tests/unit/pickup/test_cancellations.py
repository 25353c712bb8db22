from dataclasses import replace

from services.pickup.domain.cancellations import Cancellation, take_off
from services.pickup.domain.pickups import Pickup, Units
from services.pickup.domain.steps import Cancel, Collect, Expire, Pick, Short, Start
from tests.unit.pickup.bags import CODE, NOW, after, kinds, ready, requested


def cancelled(is_complete: bool = False, **units: int) -> Cancellation:
    return Cancellation(units, is_complete, "changed my mind")


def test_the_named_units_are_taken_off_and_the_rest_stays_wanted() -> None:
    (decision,) = take_off([requested(A=3, B=1)], cancelled(A=2), NOW)
    assert decision.pickup.wanted == (Units("A", 1), Units("B", 1))
    assert (decision.pickup.state, decision.facts) == ("requested", ())


def test_when_nothing_is_left_the_pickup_is_cancelled_and_has_nothing_to_release() -> None:
    (decision,) = take_off([requested(A=1, B=2)], cancelled(A=1, B=2), NOW)
    assert (decision.pickup.state, decision.pickup.reason) == ("cancelled", "changed my mind")
    assert kinds(decision) == ["cancelled"]
    assert decision.facts[0].units == ()


def test_a_complete_cancellation_takes_everything() -> None:
    (decision,) = take_off([ready(A=1, B=2)], cancelled(is_complete=True, A=1), NOW)
    assert (decision.pickup.state, decision.pickup.wanted) == ("cancelled", ())


def test_units_that_lie_in_the_bag_go_back_to_the_shelf() -> None:
    (decision,) = take_off([ready(A=3)], cancelled(A=2), NOW)
    assert (decision.pickup.state, decision.pickup.lines[0].picked) == ("ready", 1)


def test_what_is_not_yet_picked_is_taken_off_first() -> None:
    (decision,) = take_off([after(requested(A=3), Start(), Pick("A", 1))], cancelled(A=2), NOW)
    assert (decision.pickup.lines[0].picked, decision.pickup.unpicked) == (1, ())


def test_a_collected_bag_stays_as_it_is() -> None:
    collected = after(ready(A=1), Collect(CODE))
    (decision,) = take_off([collected], cancelled(is_complete=True, A=1), NOW)
    assert (decision.pickup, decision.facts) == (collected, ())


def test_the_answer_to_a_short_line_takes_off_nothing_more() -> None:
    short = after(requested(A=3), Start(), Short("A", 1, "gone"))
    (echo,) = take_off([short], cancelled(A=1), NOW)
    assert echo.pickup.wanted == (Units("A", 2),)
    (of_the_customer,) = take_off([echo.pickup], cancelled(A=1), NOW)
    assert of_the_customer.pickup.wanted == (Units("A", 1),)


def test_an_answer_and_a_cancellation_of_the_customer_add_up_in_either_order() -> None:
    short = after(requested(A=5), Start(), Short("A", 2, "gone"))
    for order in ((1, 2), (2, 1)):
        pickup: Pickup = short
        for units in order:
            (decision,) = take_off([pickup], cancelled(A=units), NOW)
            pickup = decision.pickup
        assert pickup.wanted == (Units("A", 2),)


def test_the_answer_to_a_lapsed_bag_spares_the_bag_at_another_counter() -> None:
    lapsed = after(ready(A=1), Expire())
    other = replace(requested(A=1), pickup_id="p2", location_id="S2")
    _, spared = take_off([lapsed, other], cancelled(A=1), NOW)
    assert (spared.pickup, spared.facts) == (other, ())
    _, taken = take_off([lapsed, other], cancelled(A=2), NOW)
    assert taken.pickup.state == "cancelled"


def test_a_cancelled_pickup_is_not_cancelled_twice() -> None:
    gone = after(requested(A=1), Cancel("no"))
    (decision,) = take_off([gone], cancelled(is_complete=True, A=1), NOW)
    assert (decision.pickup.state, decision.facts) == ("cancelled", ())
