"""A bag that is sent units: whatever happens, what it waits for is what its transfers bring, and nothing is lost."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.pickup.domain import arrivals
from services.pickup.domain.arrivals import Journey, Moved, due_by, expect, reroute, take_off
from services.pickup.domain.cancellations import Cancellation
from services.pickup.domain.cancellations import take_off as cancel_units
from services.pickup.domain.pickups import Pickup
from services.pickup.domain.steps import Cancel, MakeReady, Pick, Short, Start, take
from services.pickup.domain.stores import without_profile
from services.pickup.domain.transfers import TransferStep
from tests.unit.pickup.bags import CODE, NOW, POLICY, after, refusal_code, requested

STORE = "S1"
PLACES = ("A1", "W1", "W2")
UNITS = st.integers(0, 3)


def journey() -> Journey:
    numbers = count()
    return Journey(lambda: f"t{next(numbers)}", timedelta(hours=24))


def waiting(here: int, **coming: int) -> Pickup:
    """A bag with units of A at the store, and others that come from these places."""
    bag = replace(requested(A=here + sum(coming.values())), ship_to_store=True)
    return expect(bag, {(place, "A"): units for place, units in coming.items() if units}, NOW, journey())


def step(bag: Pickup, transfer_id: str, name: TransferStep) -> Pickup:
    decision = arrivals.step(bag, transfer_id, name, NOW)
    assert decision.refusal is None
    return decision.pickup


def is_sound(bag: Pickup) -> None:
    (line,) = bag.lines
    assert line.arriving == sum(transfer.arriving("A") for transfer in bag.transfers)
    assert 0 <= line.arriving <= line.wanted
    assert 0 <= line.picked <= line.wanted - line.arriving
    assert line.short >= line.echo_due or not bag.is_open


def test_a_bag_is_ready_only_when_nothing_of_it_is_arriving() -> None:
    bag = after(waiting(1, W1=2), Start(), Pick("A", 1))
    assert refusal_code(take(bag, Pick("A", 1), NOW, POLICY)) == "invalid_request"
    assert refusal_code(take(bag, MakeReady(CODE), NOW, POLICY)) == "illegal_transition"
    bag = step(step(bag, "t0", "send"), "t0", "receive")
    assert after(bag, Pick("A", 2), MakeReady(CODE)).state == "ready"


def test_a_bag_of_which_the_last_unit_is_missed_stays_until_its_order_has_answered() -> None:
    missed = after(waiting(1), Start(), Short("A", 1, "gone"))
    assert missed.state == "picking"
    assert refusal_code(take(missed, MakeReady(CODE), NOW, POLICY)) == "illegal_transition"
    sent = reroute(missed, [Moved("A", STORE, "W2", 1)], NOW, journey())
    assert [(transfer.from_location_id, transfer.arriving("A")) for transfer in sent.transfers] == [("W2", 1)]
    (decision,) = cancel_units([missed], Cancellation({"A": 1}, False, "nowhere", {(STORE, "A"): 1}), NOW)
    assert decision.pickup.state == "cancelled"


def test_a_cancelled_bag_lets_go_of_what_has_not_left_and_expects_what_has() -> None:
    bag = step(waiting(0, A1=1, W1=1), "t0", "send")
    cancelled = after(bag, Cancel("flooded"))
    assert [transfer.state for transfer in cancelled.transfers] == ["sent", "cancelled"]
    assert arrivals.step(cancelled, "t1", "send", NOW).refusal is not None
    assert step(cancelled, "t0", "receive").transfers[0].sent == {"A": 1}


def test_a_late_bag_that_more_is_sent_to_has_a_later_time_and_may_be_late_again() -> None:
    store = without_profile(ZoneInfo("Asia/Tokyo"), timedelta(hours=2))
    late = replace(requested(A=1), late_at=NOW)
    assert due_by(late, store) == late
    waits = due_by(replace(waiting(0, W1=1), late_at=NOW), store)
    assert (waits.due_at, waits.late_at) == (NOW + timedelta(hours=26), None)
    assert due_by(replace(waits, late_at=waits.due_at), store).late_at == waits.due_at


@given(here=UNITS, near=UNITS, far=UNITS, picked=UNITS, sent=st.booleans(), data=st.data())
def test_what_is_cancelled_leaves_the_transfers_of_the_places_that_the_order_names(
    here: int, near: int, far: int, picked: int, sent: bool, data: st.DataObject
) -> None:
    bag = waiting(here, A1=near, W1=far)
    if not bag.wanted:
        return
    bag = after(bag, Start(), *([Pick("A", min(picked, here))] if min(picked, here) else []))
    if sent and near:
        bag = step(bag, "t0", "send")
    named = {"A1": near, "W1": far, STORE: here}
    units = {place: data.draw(st.integers(0, promised)) for place, promised in named.items()}
    before = {place: sum(t.arriving("A") for t in bag.transfers_from(place)) for place in PLACES}
    rest = take_off(bag, {"A": sum(units.values())}, {(place, "A"): n for place, n in units.items()}, NOW)
    is_sound(rest)
    assert rest.lines[0].wanted == bag.lines[0].wanted - sum(units.values())
    for place in ("A1", "W1"):
        left = sum(transfer.arriving("A") for transfer in rest.transfers_from(place))
        from_store = units[STORE] if place == "A1" and sent else 0
        assert before[place] - units[place] - from_store <= left <= before[place] - units[place]


@given(
    here=UNITS,
    near=UNITS,
    missing=UNITS,
    moved=st.lists(
        st.tuples(st.just("A"), st.sampled_from([STORE, "A1"]), st.sampled_from(PLACES), st.integers(1, 3)).filter(
            lambda move: move[1] != move[2]
        ),
        max_size=3,
    ),
)
def test_units_from_elsewhere_never_change_what_a_bag_wants_but_for_those_it_missed(
    here: int, near: int, missing: int, moved: list[tuple[str, str, str, int]]
) -> None:
    bag = waiting(here, A1=near)
    if not bag.wanted:
        return
    missed = min(missing, here)
    bag = after(bag, Start(), *([Short("A", missed, "gone")] if missed else []))
    later = reroute(bag, [Moved(*move) for move in moved], NOW, journey())
    is_sound(later)
    (line,), (was,) = later.lines, bag.lines
    assert line.wanted + line.echo_due == was.wanted + was.echo_due
    assert sum(t.arriving("A") for t in later.transfers_from("A1")) <= near + sum(n for *_, n in moved)
