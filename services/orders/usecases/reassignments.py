"""Places that will not give what is promised from them: their orders' units are asked for from elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.orders.domain import reassignments
from services.orders.domain.orders import Order
from services.orders.domain.reassignments import Elsewhere
from services.orders.usecases.elsewhere import Repairs
from services.orders.usecases.orders import Step, move
from shared.database import Transaction
from shared.errors import DomainError


@dataclass(frozen=True, slots=True)
class Reject:
    """A place will not give so many units by sku; None is everything that is still to leave it."""

    order_id: str
    location_id: str
    lines: Mapping[str, int] | None
    reason: str


async def reject(
    transaction: Transaction, rejections: Sequence[Reject], now: datetime, repairs: Repairs
) -> list[Order | DomainError]:
    elsewhere = await repairs.elsewhere(transaction, now)
    return await move(transaction, [(asked.order_id, _step(asked, elsewhere)) for asked in rejections], now)


def _step(asked: Reject, elsewhere: Elsewhere) -> Step:
    return lambda order: reassignments.reject_allocation(order, asked.location_id, asked.lines, asked.reason, elsewhere)
