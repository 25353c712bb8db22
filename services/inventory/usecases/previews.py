"""What a reservation would come to, told by the code that decides a real one. Nothing is locked or written."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from services.inventory.domain.allocation import Decision, allocate
from services.inventory.domain.preview import Offer, offers
from services.inventory.store import levels
from services.inventory.usecases.requests import Reserve, bounded, refusals, requests_of, rules_for
from services.inventory.usecases.reserve import insufficient
from shared.contracts.reservation_previews import Candidate, CandidateLine, ReservationPreview
from shared.contracts.reservations import Shortage
from shared.contracts.values import Allocation
from shared.database import Connection
from shared.errors import DomainError, InvalidRequest

OFFERS_LIMIT = 100_000
"""So many candidates times lines are looked at."""


async def preview(connection: Connection, command: Reserve, now: datetime) -> ReservationPreview:
    """Raises InvalidRequest where a place or an item is not known, or there are too many to tell of each."""
    commands = [command]
    requests = await requests_of(connection, commands)
    (asked,) = requests
    if len(asked.candidates) * len(asked.lines) > OFFERS_LIMIT:
        raise InvalidRequest("/lines", f"candidates times lines are more than {OFFERS_LIMIT:,}; ask in parts")
    found, known, _ = await levels.promisable(connection, asked.lines, asked.candidates, [command.channel])
    rules = await rules_for(connection, commands, requests, found, known, locked=False)
    (request,) = bounded(commands, requests, rules)
    refusal = (await refusals(connection, commands, [request], found, rules)).get(0)
    if isinstance(refusal, InvalidRequest):
        raise refusal
    available = {key: level.free for key, level in found.items()}
    candidates = offers(request, available, rules.left)
    if refusal is not None:
        return _preview(now, Decision(), refusal, candidates)
    (decision,) = allocate([request], dict(available), dict(rules.left))
    return _preview(now, decision, insufficient(decision) if decision.shortages else None, candidates)


def _preview(
    now: datetime, decision: Decision, refusal: DomainError | None, candidates: Sequence[Offer]
) -> ReservationPreview:
    return ReservationPreview(
        as_of=now,
        would_hold=refusal is None,
        code=refusal.code if refusal is not None else None,
        detail=refusal.detail if refusal is not None else None,
        allocations=[
            Allocation(sku=share.sku, location_id=share.location_id, quantity=share.quantity)
            for share in decision.shares
        ],
        shortages=[
            Shortage(sku=short.sku, requested=short.requested, available=short.available)
            for short in decision.shortages
        ],
        candidates=[
            Candidate(
                location_id=place,
                lines=[CandidateLine.model_validate(offer, from_attributes=True) for offer in lines],
            )
            for place, lines in groupby(candidates, key=lambda offer: offer.location_id)
        ],
    )
