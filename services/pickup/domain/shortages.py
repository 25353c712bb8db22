"""Units that the shelf has lost before anybody came to pick them."""

from collections.abc import Mapping
from datetime import datetime

from services.pickup.domain.pickups import Decision, Fact, Pickup
from services.pickup.domain.steps import shorten


def give_up(pickup: Pickup, missing: Mapping[str, int], reason: str, now: datetime) -> Decision:
    """The pickup without units, by SKU, that are not there. One that is being picked is left to whoever picks it."""
    facts: list[Fact] = []
    for sku, quantity in missing.items():
        line = pickup.line(sku)
        units = min(quantity, line.wanted) if line is not None and pickup.state == "requested" else 0
        if line is not None and units:
            shortened = shorten(pickup, line, units, reason, now)
            pickup = shortened.pickup
            facts += shortened.facts
    return Decision(pickup, tuple(facts))
