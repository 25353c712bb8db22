"""What commands ask of the stock, before anything is decided: from where, within which limits, and whether at all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from services.inventory.domain.allocation import Request
from services.inventory.domain.levels import Key
from services.inventory.store import items, locations
from services.inventory.usecases.restrictions import Restrictions, restrictions
from shared.database import Connection
from shared.errors import DomainError, InvalidRequest
from shared.identifiers import new_id


@dataclass(frozen=True, slots=True)
class Reserve:
    """Asks for a promise. Without `candidates` every location that ships may give; without `ttl` it never lapses.

    A `backorder` is content with what is expected where there is too little.

    Where `ttl_by_default` says that nobody asked for just this `ttl`, the channel's own goes before it.
    """

    reference: str
    channel: str
    lines: Mapping[str, int]
    policy: str = "fewest_splits"
    candidates: Sequence[str] | None = None
    keep_back: Mapping[str, int] = field(default_factory=dict)
    tiers: Sequence[int] = ()
    ttl: timedelta | None = None
    ttl_by_default: bool = False
    order_id: str | None = None
    backorder: bool = False
    reservation_id: str = field(default_factory=new_id)


async def requests_of(connection: Connection, commands: Sequence[Reserve]) -> list[Request]:
    """What each command asks of the stock; nothing of its channel yet."""
    shipping = await locations.shipping(connection) if any(command.candidates is None for command in commands) else []
    return [
        Request(
            command.lines,
            command.policy,
            shipping if command.candidates is None else command.candidates,
            keep_back=command.keep_back,
            tiers=command.tiers,
        )
        for command in commands
    ]


async def rules_for(
    connection: Connection,
    commands: Sequence[Reserve],
    requests: Sequence[Request],
    levels: Collection[Key],
    known: Collection[str],
    *,
    locked: bool,
) -> Restrictions:
    """What the commands' channels may see; `known` came with the levels, and says nothing where there are none."""
    asked: dict[str, set[Key]] = {}
    for command, request in zip(commands, requests, strict=True):
        if command.channel in known or not levels:
            asked.setdefault(command.channel, set()).update(request.keys)
    return await restrictions(connection, known if levels else list(asked), asked, locked=locked)


def bounded(commands: Sequence[Reserve], requests: Sequence[Request], rules: Restrictions) -> list[Request]:
    """The requests, each with what its channel may see."""
    if not rules.bounds:
        return list(requests)
    return [
        replace(request, bounds=rules.bounds_of(command.channel))
        for command, request in zip(commands, requests, strict=True)
    ]


async def refusals(
    connection: Connection,
    commands: Sequence[Reserve],
    requests: Sequence[Request],
    levels: Collection[Key],
    rules: Restrictions,
) -> dict[int, DomainError]:
    """By their place in the batch, the commands that need no look at the stock: what they name is unknown or closed."""
    refused = await _unknown(connection, requests, levels)
    if rules.channels:
        closed = {place: rules.refusal(command.channel) for place, command in enumerate(commands)}
        refused |= {place: refusal for place, refusal in closed.items() if refusal is not None}
    return refused


async def _unknown(
    connection: Connection, requests: Sequence[Request], levels: Collection[Key]
) -> dict[int, DomainError]:
    """Requests that name what does not exist. What has a level exists; only the rest needs a look."""
    known_places = {place for place, _ in levels}
    known_skus = {sku for _, sku in levels}
    skus = {sku for request in requests for sku in request.lines} - known_skus
    places = {place for request in requests for place in request.candidates} - known_places
    missing_skus = await items.unknown(connection, skus) if skus else set()
    missing_places = await locations.unknown(connection, list(places)) if places else set()
    refused: dict[int, DomainError] = {}
    for number, request in enumerate(requests):
        for place, location_id in enumerate(request.candidates):
            if location_id in missing_places:
                where = f"/sourcing/candidates/{place}"
                refused[number] = InvalidRequest(where, f"there is no location {location_id}", "unknown_location")
        for place, sku in enumerate(request.lines):
            if sku in missing_skus:
                refused[number] = InvalidRequest(f"/lines/{place}/sku", f"there is no item {sku}", "unknown_sku")
    return refused
