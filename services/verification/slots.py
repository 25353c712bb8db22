"""Invariant 7 for slots: an order that stands has the place that pickup counts, and one that ended has none."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple


class Wished(NamedTuple):
    """An order that asked for a slot, as orders has it."""

    order_id: str
    state: str
    slot: str


_STANDS = ("confirmed", "ready_for_pickup")
_ENDED = ("rejected", "cancelled")


def slot_disagreements(orders: Iterable[Wished], given: Mapping[str, str], in_motion: Collection[str]) -> list[str]:
    """A sentence for each contradiction; `given` is what became of each wish in pickup. Orders in motion may differ."""
    found = []
    for order_id, state, slot in orders:
        counted = given.get(order_id, "unknown")
        if order_id in in_motion:
            continue
        if state in _STANDS and (slot, counted) != ("taken", "taken"):
            found.append(f"order {order_id} is {state} with a slot that is {slot}, and in pickup {counted}")
        if state in _ENDED and counted == "taken":
            found.append(f"order {order_id} is {state}, but its slot is still taken")
    return found
