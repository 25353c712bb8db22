"""One walk for several bags: whatever is found or missing, the oldest promise is served first."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.pickup.domain.pickups import Pickup
from services.pickup.domain.rounds import End, RoundStep, by_due, join, step_round
from services.pickup.domain.steps import Cancel, Collect, MakeReady, Pick, Short, take
from tests.unit.pickup.bags import CODE, NOW, POLICY, after, ready, refusal_code, requested

ROUND = "r1"
skus = st.sampled_from(["A", "B"])
units = st.integers(1, 6)
steps = st.one_of(st.builds(Pick, skus, units), st.builds(Short, skus, units, st.just("gone")), st.just(End()))
wishes = st.lists(st.dictionaries(skus, st.integers(1, 3), min_size=1), min_size=1, max_size=5)


def begun(wishes: list[dict[str, int]]) -> list[Pickup]:
    """Bags of one round, the first of which is due last."""
    bags = []
    for number, wish in enumerate(wishes):
        bag = replace(requested(**wish), pickup_id=f"p{number}", due_at=NOW - timedelta(minutes=number))
        bags.append(join(bag, ROUND, NOW, POLICY).pickup)
    return bags


def unpicked(bags: list[Pickup], sku: str) -> int:
    return sum(left.quantity for bag in bags if bag.state == "picking" for left in bag.unpicked if left.sku == sku)


@given(wishes, st.lists(steps, max_size=12))
def test_a_step_of_a_round_moves_all_of_its_units_or_none(
    wishes: list[dict[str, int]], journey: list[RoundStep]
) -> None:
    bags = begun(wishes)
    for step in journey:
        members = [bag for bag in bags if bag.round_id == ROUND]
        decision = step_round(members, step, NOW, POLICY)
        changed = {made.pickup.pickup_id: made.pickup for made in decision.decisions}
        after_it = [changed.get(bag.pickup_id, bag) for bag in bags]
        if isinstance(step, End):
            assert all(bag.round_id is None for bag in after_it if bag.state == "picking")
        else:
            asked = step.quantity if isinstance(step, Pick) else step.missing
            is_possible = asked <= unpicked(members, step.sku)
            assert (decision.refusal is None) == is_possible
            assert sum(share.quantity for share in decision.shares) == asked * is_possible
            assert unpicked(bags, step.sku) - unpicked(after_it, step.sku) == asked * is_possible
        bags = after_it
    for bag in bags:
        assert all(min(line.picked, line.short, line.unpicked) >= 0 for line in bag.lines)


@given(wishes, st.data())
def test_what_is_found_is_for_the_oldest_promise_and_what_is_missing_for_the_youngest(
    wishes: list[dict[str, int]], data: st.DataObject
) -> None:
    bags = begun(wishes)
    sku = data.draw(skus)
    total = unpicked(bags, sku)
    found = data.draw(st.integers(0, total))
    for step in (Pick(sku, found), Short(sku, total - found, "gone")):
        if (step.quantity if isinstance(step, Pick) else step.missing) == 0:
            continue
        decision = step_round(bags, step, NOW, POLICY)
        changed = {made.pickup.pickup_id: made.pickup for made in decision.decisions}
        bags = [changed.get(bag.pickup_id, bag) for bag in bags]
    lines = [line for bag in by_due(bags) if (line := bag.line(sku)) is not None]
    served = [(line.picked, line.short) for line in lines]
    assert Counter(picked + short for picked, short in served) == Counter(line.quantity for line in lines)
    # Once a bag goes without something, no later one has got anything.
    first_short = next((place for place, (_, short) in enumerate(served) if short), len(served))
    assert all(picked == 0 for picked, _ in served[first_short + 1 :])


def test_a_bag_is_in_one_round_and_only_while_it_is_to_be_picked() -> None:
    waiting = requested(A=1)
    joined = join(waiting, ROUND, NOW, POLICY)
    assert (joined.pickup.state, joined.pickup.round_id, joined.pickup.started_at) == ("picking", ROUND, NOW)
    assert [fact.kind for fact in joined.facts] == ["picking"]
    assert refusal_code(join(joined.pickup, "r2", NOW, POLICY)) == "conflict"
    for bag in (ready(A=1), after(ready(A=1), Collect(CODE)), after(waiting, Cancel("no"))):
        assert refusal_code(join(bag, ROUND, NOW, POLICY)) == "illegal_transition"


def test_a_bag_that_has_left_its_round_as_it_is_goes_on_in_another_one() -> None:
    (bag,) = begun([{"A": 2}])
    bag = take(bag, Pick("A", 1), NOW, POLICY).pickup
    (left,) = step_round([bag], End(), NOW, POLICY).decisions
    again = join(left.pickup, "r2", NOW, POLICY)
    assert (again.pickup.round_id, again.pickup.lines, again.facts) == ("r2", bag.lines, ())


def test_an_item_of_no_bag_is_told_from_one_that_is_picked_already() -> None:
    bags = begun([{"A": 1}])
    unknown = step_round(bags, Pick("C", 1), NOW, POLICY)
    assert unknown.refusal is not None
    assert unknown.refusal.code == "not_found"
    done = [after(bags[0], Pick("A", 1), MakeReady(CODE))]
    for step, pointer in ((Pick("A", 1), "/quantity"), (Short("A", 1, "gone"), "/missing")):
        refusal = step_round(done, step, NOW, POLICY).refusal
        assert refusal is not None
        assert (refusal.code, refusal.extra["errors"][0]["pointer"]) == ("invalid_request", pointer)
