from services.pickup.domain.pickups import Units
from services.pickup.domain.shortages import give_up
from services.pickup.domain.steps import Start
from tests.unit.pickup.bags import NOW, after, kinds, ready, requested


def test_units_that_are_not_on_the_shelf_are_given_up_and_said() -> None:
    decision = give_up(requested(A=3, B=1), {"A": 2}, "oversold", NOW)
    assert decision.pickup.wanted == (Units("A", 1), Units("B", 1))
    ((kind, units, reason),) = decision.facts
    assert (kind, units, reason) == ("line_short", (Units("A", 2),), "oversold")


def test_no_more_is_given_up_than_is_wanted() -> None:
    decision = give_up(requested(A=1, B=1), {"A": 2, "C": 1}, "oversold", NOW)
    assert decision.pickup.wanted == (Units("B", 1),)
    assert decision.facts[0].units == (Units("A", 1),)


def test_a_pickup_that_nothing_would_be_left_of_is_given_up_as_a_whole() -> None:
    decision = give_up(requested(A=1), {"A": 1}, "oversold", NOW)
    assert decision.pickup.state == "cancelled"
    assert kinds(decision) == ["cancelled"]
    assert decision.facts[0].units == (Units("A", 1),)


def test_a_bag_that_somebody_has_begun_is_left_to_them() -> None:
    for pickup in (after(requested(A=1), Start()), ready(A=1)):
        assert give_up(pickup, {"A": 1}, "oversold", NOW).pickup == pickup
