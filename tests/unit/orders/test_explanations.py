"""Why an order would come from where it would: every place is told its verdict, once, and the plan agrees with it."""

from hypothesis import given
from hypothesis import strategies as st

from services.orders.domain.explanations import (
    Decision,
    Explanation,
    Offer,
    Reason,
    Verdict,
    explain_pickup,
    explain_shipping,
)
from services.orders.domain.places import Place, Point
from services.orders.domain.refusals import Refused
from services.orders.domain.routing import RoutingPolicy
from services.orders.domain.sourcing import Network, Plan
from tests.unit.orders.networks import PLACES, POINTS, POLICIES, USED

REFUSED = Reason("insufficient_stock", "All places together have not enough.")


def verdicts(explained: list[Explanation]) -> dict[str, tuple[Verdict, list[str]]]:
    return {one.place.location_id: (one.verdict, [reason.code for reason in one.reasons]) for one in explained}


@given(POLICIES, PLACES, st.none() | POINTS, USED, st.integers(1, 12))
def test_every_place_is_a_candidate_or_is_told_why_not(
    policy: RoutingPolicy, places: list[Place], destination: Point | None, used: dict[str, int], limit: int
) -> None:
    network = Network(places, {"web": policy}).with_used(used)
    plan = planned(network, destination, limit)
    decision = None if plan is None else Decision(REFUSED, {}, {})
    explained = explain_shipping(network, "web", destination, plan, decision)
    assert sorted(one.place.location_id for one in explained) == sorted(network.places)
    asked = [one.place.location_id for one in explained if one.position is not None]
    assert asked == (list(plan.candidates) if plan is not None else [])
    assert [one.position for one in explained if one.position is not None] == list(range(1, len(asked) + 1))
    for one in explained:
        if one.position is None:
            assert one.verdict in (Verdict.EXCLUDED, Verdict.BEYOND_LIMIT)
            assert one.reasons
        assert (one.verdict is Verdict.EXCLUDED) == (one.rule is None)


def planned(network: Network, destination: Point | None, limit: int) -> Plan | None:
    try:
        return network.ship_to(destination, "fewest_splits", limit, channel="web")
    except Refused:
        return None


NETWORK = Network([Place(name, False, None, True, True) for name in ("A", "B", "C", "D")])
OFFERS = {
    "A": [Offer("shirt", 2, 2, None), Offer("sock", 1, 1, None)],
    "B": [Offer("shirt", 2, 1, "share"), Offer("sock", 1, 1, None)],
    "C": [Offer("shirt", 2, 0, "kept_back"), Offer("sock", 1, 0, "none_there")],
    "D": [Offer("shirt", 2, 2, None), Offer("sock", 1, 1, None)],
}


def explained(policy: str, decision: Decision) -> dict[str, tuple[Verdict, list[str]]]:
    plan = Plan(policy, ["A", "B", "C", "D"], {"C": 2})
    return verdicts(explain_shipping(NETWORK, "web", None, plan, decision))


def test_where_one_place_must_have_all_a_place_that_has_some_lacks_stock() -> None:
    given_by_a = Decision(None, {"A": {"shirt": 2, "sock": 1}}, OFFERS)
    assert explained("single_location", given_by_a) == {
        "A": (Verdict.CHOSEN, ["gives"]),
        "B": (Verdict.LACKS_STOCK, ["share"]),
        "C": (Verdict.LACKS_STOCK, ["kept_back", "none_there"]),
        "D": (Verdict.NOT_NEEDED, ["not_needed"]),
    }
    assert explained("fewest_splits", given_by_a)["B"] == (Verdict.NOT_NEEDED, ["not_needed", "share"])


def test_a_place_that_gives_a_part_is_told_what_kept_it_from_more() -> None:
    both = Decision(None, {"B": {"shirt": 1}, "A": {"shirt": 1, "sock": 1}}, OFFERS)
    assert explained("in_order", both)["B"] == (Verdict.CHOSEN, ["gives", "share"])


def test_what_is_refused_as_a_whole_is_told_where_something_is() -> None:
    nothing = Decision(Reason("channel_closed", "The channel web is closed."), {}, OFFERS)
    told = explained("fewest_splits", nothing)
    assert told["A"] == (Verdict.NOT_HELD, ["channel_closed"])
    assert told["C"] == (Verdict.LACKS_STOCK, ["kept_back", "none_there"])


def test_of_a_pickup_every_other_store_is_told_that_it_was_not_chosen() -> None:
    plan = NETWORK.pickup_at("B")
    told = verdicts(explain_pickup(NETWORK, "B", plan, Decision(REFUSED, {}, OFFERS)))
    assert told == {
        "B": (Verdict.LACKS_STOCK, ["share"]),
        **dict.fromkeys("ACD", (Verdict.EXCLUDED, ["not_the_chosen_store"])),
    }
