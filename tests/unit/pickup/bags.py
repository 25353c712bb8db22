"""Pickups to decide about, and the policy they are decided under."""

from datetime import UTC, datetime, timedelta

from services.pickup.domain.pickups import Decision, Line, Pickup
from services.pickup.domain.steps import MakeReady, Pick, Policy, Start, Step, take

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)
POLICY = Policy(hold=timedelta(hours=72), lock=timedelta(minutes=15))
CODE = "407718"
WRONG = "000000"


def requested(**units: int) -> Pickup:
    """A new pickup with so many units of each SKU."""
    return Pickup(
        pickup_id="p1",
        order_id="o1",
        reservation_id="r1",
        location_id="S1",
        lines=tuple(Line(sku, quantity) for sku, quantity in units.items()),
        due_at=NOW + timedelta(hours=2),
        requested_at=NOW,
    )


def after(pickup: Pickup, *steps: Step, now: datetime = NOW) -> Pickup:
    """The pickup after these steps, none of which may be refused."""
    for step in steps:
        decision = take(pickup, step, now, POLICY)
        assert decision.refusal is None, decision.refusal
        pickup = decision.pickup
    return pickup


def ready(**units: int) -> Pickup:
    picks = (Pick(sku, quantity) for sku, quantity in units.items())
    return after(requested(**units), Start(), *picks, MakeReady(CODE))


def kinds(decision: Decision) -> list[str]:
    return [fact.kind for fact in decision.facts]


def refusal_code(decision: Decision) -> str | None:
    return decision.refusal.code if decision.refusal else None
