import pytest

from services.orders.domain import bags
from services.orders.domain.alternatives import nearest_stores
from services.orders.domain.orders import Bag, Cancelled, Order
from services.orders.domain.places import Place
from services.orders.domain.reassignments import REJECT, Reassignment, reassign, reject_allocation
from services.orders.domain.refusals import Refused
from services.orders.domain.repairs import LineShort, Moved, ReassignmentRequested, Resourced
from services.orders.domain.sourcing import Network
from services.orders.domain.states import Method, State
from tests.unit.orders.made import NOWHERE, WHY, among, confirmed

PICKUP = '{"method": "pickup", "location_id": "S1", "alternatives": true, "slot": {"starts_at": "x"}}'


def collected(*promised: tuple[str, str, int]) -> Order:
    """A pickup order that takes other stores."""
    order = confirmed(Method.PICKUP, *promised)
    order.fulfilment = PICKUP
    return order


def refusal(order: Order, place: str, units: dict[str, int] | None) -> str:
    with pytest.raises(Refused) as refused:
        reject_allocation(order, place, units, "broken", NOWHERE)
    return refused.value.code


def test_rejected_units_are_wanted_from_the_places_that_have_not_failed() -> None:
    order = confirmed(Method.SHIP, ("A", "S1", 2), ("B", "S1", 1), ("B", "W1", 1))
    reject_allocation(order, "S1", {"A": 1, "B": 1}, "broken", among("S1", "S2", "W1"))
    (wanted,) = order.happenings
    assert isinstance(wanted, ReassignmentRequested)
    assert (wanted.location_id, wanted.lines, wanted.together) == ("S1", {"A": 1, "B": 1}, False)
    assert wanted.plan.candidates == ["S2", "W1"]
    assert order.failed == {"A": ["S1"], "B": ["S1"]}
    assert [(step.state, step.cause.name) for step in order.steps] == [(State.CONFIRMED, REJECT)]
    assert order.steps[0].cause.reason == "S1: broken; 1 of A, 1 of B wanted from elsewhere"


def test_a_place_that_failed_an_item_is_not_asked_again_and_the_tries_come_to_an_end() -> None:
    order = confirmed(Method.SHIP, ("A", "S1", 1))
    elsewhere = among("S1", "S2", "S3", "S4", tries_limit=2)
    asked = []
    for place, following in (("S1", "S2"), ("S2", "S3")):
        reject_allocation(order, place, None, "broken", elsewhere)
        wanted = order.happenings[-1]
        assert isinstance(wanted, ReassignmentRequested)
        asked.append(wanted.plan.candidates)
        reassign(order, Reassignment(place, [("A", following, 1)], {}, {}), WHY)
    assert asked == [["S2", "S3", "S4"], ["S3", "S4"]]
    reject_allocation(order, "S3", None, "broken", elsewhere)
    assert order.happenings[-1] == Cancelled({"A": 1}, True, "S3: broken", [("A", "S3", 1)])
    assert order.state is State.CANCELLED
    assert order.steps[-1].cause.reason == "S3: broken; no try is left for 1 of A"


def test_where_no_other_place_may_give_them_rejected_units_are_cancelled_at_once() -> None:
    order = confirmed(Method.SHIP, ("A", "S1", 2))
    reject_allocation(order, "S1", {"A": 1}, "broken", NOWHERE)
    assert order.happenings == [Cancelled({"A": 1}, False, "S1: broken", [("A", "S1", 1)])]
    assert order.steps[-1].cause.reason == "S1: broken; no other place may give 1 of A"


def test_a_rejection_told_twice_changes_nothing() -> None:
    order = confirmed(Method.SHIP, ("A", "S1", 1))
    reject_allocation(order, "S1", None, "broken", among("S1", "S2"))
    reassign(order, Reassignment("S1", [("A", "S2", 1)], {}, {}), WHY)
    told = (len(order.steps), len(order.happenings))
    reject_allocation(order, "S1", None, "broken", among("S1", "S2"))
    assert (len(order.steps), len(order.happenings)) == told


def test_only_what_is_promised_there_can_be_rejected() -> None:
    order = confirmed(Method.SHIP, ("A", "S1", 1), ("B", "W1", 1))
    assert refusal(order, "S2", None) == "not_found"
    assert refusal(order, "S1", {"B": 1}) == "invalid_request"
    assert refusal(order, "S1", {"A": 2}) == "illegal_transition"
    assert (order.steps, order.failed) == ([], {})


def test_moved_units_are_told_and_what_no_place_has_is_cancelled_where_it_was() -> None:
    order = confirmed(Method.SHIP, ("A", "S1", 2), ("B", "S1", 1))
    reassign(order, Reassignment("S1", [("A", "S2", 1), ("B", "S3", 1)], {"A": 1}, {}), WHY)
    resourced, cancelled = order.happenings
    assert resourced == Resourced([Moved("A", "S1", "S2", 1), Moved("B", "S1", "S3", 1)])
    assert cancelled == Cancelled({"A": 1}, False, "no other place has it", [("A", "S1", 1)])
    assert order.steps[-1].cause.reason == (
        "1 of A from S2 instead of S1; 1 of B from S3 instead of S1; 1 of A not given by S1, and no other place has it"
    )


def test_the_allocation_of_a_pickup_is_for_its_counter_to_give_up_while_the_bag_is_not_begun() -> None:
    order = collected(("A", "S1", 2))
    reject_allocation(order, "S1", None, "too busy", among("S1", "S2"))
    assert order.happenings == [LineShort("S1", {"A": 2}, "too busy")]
    assert order.failed == {}
    bags.prepare(order, "S1", Bag.PICKING, WHY)
    assert refusal(order, "S1", None) == "illegal_transition"


@pytest.mark.parametrize("bag", [Bag.NONE, Bag.READY])
def test_a_bag_that_a_store_gives_up_moves_to_another_store_as_a_whole(bag: Bag) -> None:
    order = collected(("A", "S1", 2), ("B", "S1", 1))
    bags.prepare(order, "S1", bag, WHY)
    bags.lapse(order, "S1", WHY, among("S1", "S2"))
    wanted = order.happenings[-1]
    assert isinstance(wanted, ReassignmentRequested)
    assert (wanted.lines, wanted.together, order.state) == ({"A": 2, "B": 1}, True, State.CONFIRMED)
    reassign(order, Reassignment("S1", [("A", "S2", 2), ("B", "S2", 1)], {}, {}), WHY)
    resourced = order.happenings[-1]
    assert isinstance(resourced, Resourced)
    assert (
        resourced.fulfilment
        == order.fulfilment
        == PICKUP.replace("S1", "S2").replace(', "slot": {"starts_at": "x"}', "")
    )
    bags.collect(order, "S1", {"A": 2}, WHY)
    bags.prepare(order, "S2", Bag.READY, WHY)
    bags.collect(order, "S2", {"A": 2, "B": 1}, WHY)
    assert [step.state for step in order.steps][-3:] == [State.READY_FOR_PICKUP, State.COLLECTED, State.COMPLETED]


def test_a_store_that_has_a_part_keeps_the_order() -> None:
    order = collected(("A", "S1", 2), ("B", "S1", 1))
    bags.shorten(order, "S1", {"A": 2}, False, WHY, among("S1", "S2"))
    assert order.happenings == [Cancelled({"A": 2}, False, "test", [("A", "S1", 2)])]
    bags.shorten(order, "S1", {"B": 1}, True, WHY, among("S1", "S2"))
    assert isinstance(order.happenings[-1], ReassignmentRequested)


def test_without_alternatives_a_bag_that_is_given_up_ends_the_order() -> None:
    order = confirmed(Method.PICKUP, ("A", "S1", 2))
    bags.lapse(order, "S1", WHY, among("S1", "S2"))
    assert order.happenings == [Cancelled({"A": 2}, True, "test", [("A", "S1", 2)])]


def test_the_nearest_stores_that_hand_out_are_asked_and_none_that_has_failed() -> None:
    def place(name: str, latitude: float, *, hands_out: bool = True) -> Place:
        return Place(name, is_warehouse=False, point=(latitude, 139.0), ships=True, offers_pickup=hands_out)

    network = Network(
        [place("S1", 35), place("S2", 36), place("S3", 34.5), place("S4", 33), place("W", 35, hands_out=False)]
    )
    plan = nearest_stores(network, "S1", ["S2"], limit=5)
    assert plan is not None
    assert (plan.policy, plan.candidates) == ("single_location", ["S3", "S4"])
    assert nearest_stores(network, "S1", ["S2", "S3", "S4"], limit=5) is None
