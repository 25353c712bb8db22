"""Units that the shelf has lost before anybody came to pick them."""

from collections.abc import Mapping
from datetime import datetime

from services.pickup.domain.pickups import Decision, Fact, Pickup
from services.pickup.domain.steps import cancel, shorten


def give_up(pickup: Pickup, missing: Mapping[str, int], reason: str, now: datetime) -> Decision:
    """The pickup without units, by SKU, that are not there. One that is being picked is left to whoever picks it.

    Where nothing would be left of it, it is given up as a whole: its order may find another store for all of it.
    """
    is_untouched = pickup.state == "requested"
    is_all = all(missing.get(units.sku, 0) >= units.quantity for units in pickup.wanted)
    if is_untouched and is_all and not pickup.ship_to_store:
        return cancel(pickup, reason, now)
    facts: list[Fact] = []
    for sku, quantity in missing.items():
        line = pickup.line(sku)
        units = min(quantity, line.unpicked) if line is not None and is_untouched else 0
        if line is not None and units:
            shortened = shorten(pickup, line, units, reason, now)
            pickup = shortened.pickup
            facts += shortened.facts
    return Decision(pickup, tuple(facts))
