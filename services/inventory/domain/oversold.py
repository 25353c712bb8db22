"""When facts take what was promised: which promises are at risk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OpenPromise:
    reservation_id: str
    reference: str
    state: str
    created_at: datetime
    quantity: int


def at_risk(promises: Sequence[OpenPromise], shortfall: int) -> list[OpenPromise]:
    """The promises that the shortfall reaches: holds before confirmed ones, the latest first."""
    ranked = sorted(
        promises,
        key=lambda promise: (promise.state == "held", promise.created_at, promise.reservation_id),
        reverse=True,
    )
    reached: list[OpenPromise] = []
    missing = shortfall
    for promise in ranked:
        if missing <= 0:
            break
        reached.append(promise)
        missing -= promise.quantity
    return reached
