from dataclasses import replace
from datetime import timedelta

import pytest

from services.pickup.domain.handover import WRONG_CODES_LIMIT
from services.pickup.domain.pickups import Fact, Units
from services.pickup.domain.steps import (
    Cancel,
    Collect,
    Expire,
    MakeReady,
    Pick,
    Short,
    Start,
    Step,
    take,
)
from tests.unit.pickup.bags import CODE, NOW, POLICY, WRONG, after, kinds, ready, refusal_code, requested

LATER = NOW + timedelta(minutes=1)


def test_start_begins_the_picking() -> None:
    decision = take(requested(A=2), Start(), LATER, POLICY)
    assert (decision.pickup.state, decision.pickup.started_at) == ("picking", LATER)
    assert decision.facts == (Fact("picking", (Units("A", 2),)),)


@pytest.mark.parametrize("step", [Start(), MakeReady("111111"), Cancel("again"), Expire(), Collect(CODE)])
def test_a_step_that_has_just_happened_changes_nothing(step: Step) -> None:
    done = {
        "start": after(requested(A=1), Start()),
        "make_ready": ready(A=1),
        "cancel": after(requested(A=1), Cancel("first")),
        "expire": after(ready(A=1), Expire()),
        "collect": after(ready(A=1), Collect(CODE)),
    }[step.name]
    decision = take(done, step, LATER, POLICY)
    assert (decision.pickup, decision.facts, decision.refusal) == (done, (), None)


@pytest.mark.parametrize("step", [Pick("A", 1), Short("A", 1, "gone"), MakeReady(CODE), Collect(CODE), Expire()])
def test_a_step_from_the_wrong_state_is_refused_and_names_the_state(step: Step) -> None:
    decision = take(requested(A=1), step, NOW, POLICY)
    assert decision.refusal is not None
    assert decision.refusal.code == "illegal_transition"
    assert decision.refusal.extra == {"state": "requested"}
    assert "requested" in decision.refusal.detail


@pytest.mark.parametrize(
    "step", [Start(), Pick("A", 1), Short("A", 1, "gone"), MakeReady(CODE), Expire(), Cancel("no")]
)
def test_nothing_moves_a_collected_pickup(step: Step) -> None:
    collected = after(ready(A=1), Collect(CODE))
    decision = take(collected, step, LATER, POLICY)
    assert decision.pickup == collected
    assert refusal_code(decision) == "illegal_transition"


def test_picking_adds_up() -> None:
    pickup = after(requested(A=3), Start(), Pick("A", 1), Pick("A", 2))
    assert (pickup.lines[0].picked, pickup.unpicked) == (3, ())


def test_more_than_is_wanted_is_not_picked() -> None:
    picking = after(requested(A=3), Start(), Short("A", 1, "gone"), Pick("A", 1))
    decision = take(picking, Pick("A", 2), NOW, POLICY)
    assert decision.pickup == picking
    assert decision.refusal is not None
    assert (decision.refusal.code, decision.refusal.extra["errors"][0]["pointer"]) == ("invalid_request", "/quantity")


def test_a_picked_unit_is_not_short() -> None:
    decision = take(after(requested(A=1), Start(), Pick("A", 1)), Short("A", 1, "gone"), NOW, POLICY)
    assert refusal_code(decision) == "invalid_request"


@pytest.mark.parametrize("step", [Pick("B", 1), Short("B", 1, "gone")])
def test_an_item_that_was_not_ordered_is_not_found(step: Step) -> None:
    assert refusal_code(take(after(requested(A=1), Start()), step, NOW, POLICY)) == "not_found"


def test_a_short_line_names_the_missing_units() -> None:
    decision = take(after(requested(A=3), Start()), Short("A", 2, "gone"), NOW, POLICY)
    assert decision.facts == (Fact("line_short", (Units("A", 2),), "gone"),)
    assert decision.pickup.wanted == (Units("A", 1),)


def test_a_pickup_that_is_short_of_everything_is_cancelled() -> None:
    picking = after(requested(A=1, B=2), Start(), Short("A", 1, "gone"))
    decision = take(picking, Short("B", 2, "gone"), LATER, POLICY)
    assert kinds(decision) == ["line_short", "cancelled"]
    assert decision.facts[1].units == ()
    assert (decision.pickup.state, decision.pickup.closed_at) == ("cancelled", LATER)


def test_it_is_not_ready_while_units_are_neither_picked_nor_short() -> None:
    picking = after(requested(A=1, B=2), Start(), Pick("A", 1), Pick("B", 1))
    decision = take(picking, MakeReady(CODE), NOW, POLICY)
    assert decision.refusal is not None
    assert decision.refusal.code == "illegal_transition"
    assert decision.refusal.extra["unpicked"] == [{"sku": "B", "quantity": 1}]


def test_ready_issues_the_code_and_holds_the_bag() -> None:
    picked = after(requested(A=2), Start(), Pick("A", 1), Short("A", 1, "gone"))
    decision = take(picked, MakeReady(CODE), LATER, POLICY)
    assert (decision.pickup.code, decision.pickup.held_until) == (CODE, LATER + timedelta(hours=72))
    assert decision.facts == (Fact("ready", (Units("A", 1),)),)


def test_the_first_code_stays_when_ready_is_pressed_again() -> None:
    assert take(ready(A=1), MakeReady("999999"), LATER, POLICY).pickup.code == CODE


def test_the_right_code_hands_over_what_lies_in_the_bag() -> None:
    decision = take(ready(A=2, B=1), Collect(CODE), LATER, POLICY)
    assert decision.facts == (Fact("collected", (Units("A", 2), Units("B", 1))),)
    assert (decision.pickup.state, decision.pickup.closed_at) == ("collected", LATER)


def test_a_bag_past_its_time_that_is_still_there_is_handed_over() -> None:
    decision = take(ready(A=1), Collect(CODE), NOW + timedelta(hours=73), POLICY)
    assert decision.pickup.state == "collected"


def test_a_wrong_code_counts_and_tells_the_tries_left() -> None:
    decision = take(ready(A=1), Collect(WRONG), NOW, POLICY)
    assert decision.refusal is not None
    assert (decision.refusal.code, decision.refusal.extra["tries_left"]) == ("wrong_code", WRONG_CODES_LIMIT - 1)
    assert (decision.pickup.state, decision.pickup.wrong_tries) == ("ready", 1)


def test_the_fifth_wrong_code_locks_for_the_right_one_too_until_the_time_is_over() -> None:
    pickup = ready(A=1)
    for _ in range(WRONG_CODES_LIMIT):
        decision = take(pickup, Collect(WRONG), NOW, POLICY)
        assert refusal_code(decision) == "wrong_code"
        pickup = decision.pickup
    locked = take(pickup, Collect(CODE), NOW + POLICY.lock - timedelta(seconds=1), POLICY)
    assert locked.refusal is not None
    assert (locked.refusal.code, locked.refusal.extra["locked_until"]) == ("locked", NOW + POLICY.lock)
    assert locked.pickup == pickup
    assert take(pickup, Collect(CODE), NOW + POLICY.lock, POLICY).pickup.state == "collected"


def test_after_a_lock_there_are_five_tries_again() -> None:
    locked = replace(ready(A=1), locked_until=NOW)
    decision = take(locked, Collect(WRONG), NOW, POLICY)
    assert (decision.pickup.wrong_tries, decision.pickup.locked_until) == (1, None)


def test_a_wrong_code_is_refused_after_the_collection_too() -> None:
    collected = after(ready(A=1), Collect(CODE))
    assert refusal_code(take(collected, Collect(WRONG), NOW, POLICY)) == "wrong_code"


@pytest.mark.parametrize("step", [Cancel("no"), Expire()])
def test_what_is_given_up_goes_back_to_the_shelf_without_what_was_short(step: Step) -> None:
    bag = after(requested(A=3, B=1), Start(), Short("A", 1, "gone"), Pick("A", 2), Pick("B", 1), MakeReady(CODE))
    decision = take(bag, step, LATER, POLICY)
    assert decision.facts[0].units == (Units("A", 2), Units("B", 1))
    assert decision.pickup.closed_at == LATER
