from dataclasses import replace
from datetime import timedelta

import pytest

from services.pickup.domain.handover import Rate, rate
from services.pickup.domain.pickups import Fact, Units
from services.pickup.domain.steps import Cancel, Collect, Expire, MakeReady, Pick, PlaceBag, Start, Step, take
from tests.unit.pickup.bags import CODE, NOW, POLICY, WRONG, after, ready, refusal_code, requested

LATER = NOW + timedelta(minutes=1)
NAMED = replace(ready(A=1), collector="Hanako Satō")
GOOD = Rate(5, "ready before I was")


@pytest.mark.parametrize("name", ["Hanako Satō", " hanako  SATŌ ", "Ｈａｎａｋｏ Satō", "Hanako Sato\u0304"])
def test_whom_the_customer_has_named_gets_the_bag_however_the_name_is_typed(name: str) -> None:
    decision = take(NAMED, Collect(CODE, name), LATER, POLICY)
    assert (decision.pickup.state, decision.pickup.collected_by) == ("collected", "Hanako Satō")


@pytest.mark.parametrize("bag", [NAMED, ready(A=1)])
def test_nobody_else_gets_it_with_the_right_code(bag: object) -> None:
    decision = take(bag, Collect(CODE, "Jiro Tanaka"), LATER, POLICY)  # type: ignore[arg-type]
    assert refusal_code(decision) == "wrong_collector"
    assert decision.pickup == bag


def test_the_name_opens_nothing_without_the_code() -> None:
    decision = take(NAMED, Collect(WRONG, "Hanako Satō"), LATER, POLICY)
    assert (refusal_code(decision), decision.pickup.wrong_tries) == ("wrong_code", 1)


def test_the_customer_may_still_come_in_person() -> None:
    collected = after(NAMED, Collect(CODE))
    assert (collected.state, collected.collected_by) == ("collected", None)
    assert after(collected, Collect(CODE, "Hanako Satō")) == collected


def test_a_bag_is_where_it_was_last_said_to_be() -> None:
    picking = after(requested(A=1), Start(), PlaceBag("trolley 2"), Pick("A", 1))
    assert after(picking, MakeReady(CODE)).bag_location == "trolley 2"
    on_a_shelf = after(picking, MakeReady(CODE, "shelf B4"))
    assert (on_a_shelf.bag_location, after(on_a_shelf, PlaceBag("fridge")).bag_location) == ("shelf B4", "fridge")


def test_a_bag_that_is_not_ready_yet_stays_where_it_is() -> None:
    picking = after(requested(A=1), Start(), PlaceBag("trolley 2"))
    decision = take(picking, MakeReady(CODE, "shelf B4"), NOW, POLICY)
    assert (refusal_code(decision), decision.pickup) == ("illegal_transition", picking)


@pytest.mark.parametrize("steps", [(), (Start(), Cancel("no"))])
def test_where_there_is_no_bag_none_is_placed(steps: tuple[Step, ...]) -> None:
    assert refusal_code(take(after(requested(A=1), *steps), PlaceBag("x"), NOW, POLICY)) == "illegal_transition"


def test_a_collected_bag_is_rated_once() -> None:
    collected = after(ready(A=2), Collect(CODE))
    decision = rate(collected, GOOD, LATER)
    rated = decision.pickup
    assert (rated.stars, rated.words, rated.rated_at) == (5, "ready before I was", LATER)
    assert decision.facts == (Fact("rated", (Units("A", 2),)),)
    again = rate(rated, GOOD, LATER + timedelta(days=1))
    assert (again.pickup, again.facts, again.refusal) == (rated, (), None)
    another = rate(rated, Rate(1, None), LATER)
    assert (another.pickup, refusal_code(another)) == (rated, "already_rated")


@pytest.mark.parametrize("bag", [requested(A=1), ready(A=1), after(ready(A=1), Expire())])
def test_what_nobody_has_collected_is_not_rated(bag: object) -> None:
    decision = rate(bag, GOOD, LATER)  # type: ignore[arg-type]
    assert (decision.pickup, refusal_code(decision)) == (bag, "illegal_transition")
