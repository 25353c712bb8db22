"""HTTP door: what may be promised now. Always read from the levels themselves, never from a copy.

Questions are gathered like writes are: what is waiting is answered by one statement.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from services.inventory.api.doors import Doors, Inventory, Wanted, inventory
from services.inventory.domain.backorders import Expected, unpromised
from services.inventory.domain.levels import Key, Level
from services.inventory.domain.sight import Sight, look
from services.inventory.store import incoming, levels
from services.inventory.usecases.restrictions import Restrictions, restrictions
from shared.batching import Decide as Read
from shared.clock import Clock
from shared.contracts.values import Channel, Instant, LocationId, Sku, Wire
from shared.database import Database
from shared.http.auth import allow
from shared.http.problems import responses

router = APIRouter(prefix="/v1/availability", tags=["availability"])

QUERY_LIMIT = 200
BODY_LIMIT = 1_000

Status = Literal["InStock", "LimitedAvailability", "OutOfStock"]
"""schema.org ItemAvailability."""


class AvailableAt(BaseModel):
    location_id: LocationId
    available: int


class IncomingAt(BaseModel):
    """Units that an order with `backorder` may still be promised."""

    location_id: LocationId
    quantity: int
    available_at: Instant


class ItemAvailability(BaseModel):
    sku: Sku
    available: int = Field(description="Over the locations shown; under a channel's cap less than their sum")
    status: Status
    locations: list[AvailableAt]
    incoming: list[IncomingAt] | None = Field(
        None, description="What is expected and not promised yet, the earliest first; absent where nothing is"
    )


class Availability(BaseModel):
    as_of: Instant
    items: list[ItemAvailability]


class AvailabilityQuery(Wire):
    skus: Annotated[list[Sku], Field(min_length=1, max_length=BODY_LIMIT, examples=[["995242", "1029743"]])]
    location_ids: Annotated[list[LocationId], Field(max_length=500)] | None = None
    channel: Channel | None = None


@router.get(
    "",
    summary="Availability of items",
    description="Units that may be promised now, in all and by location. An item that nobody has is `OutOfStock`."
    " With `channel` they are what this channel may sell: a closed one nothing.",
    response_model=Availability,
    responses=responses("unauthenticated", "invalid_request", "overloaded"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def get(
    request: Request,
    sku: Annotated[list[Sku], Query(min_length=1, max_length=QUERY_LIMIT, description="Up to 200 items")],
    location_id: Annotated[list[LocationId] | None, Query(description="Only these places")] = None,
    channel: Annotated[Channel | None, Query(description="The channel that asks: within its limits")] = None,
) -> Response:
    return await _answer(inventory(request), sku, location_id, channel)


@router.post(
    "/query",
    summary="Availability of many items",
    description="The same for up to 1,000 items.",
    response_model=Availability,
    responses=responses("unauthenticated", "invalid_request", "overloaded"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def query(body: AvailabilityQuery, doors: Inventory) -> Response:
    return await _answer(doors, body.skus, body.location_ids, body.channel)


async def _answer(
    doors: Doors, skus: Sequence[str], location_ids: Sequence[str] | None, channel: str | None
) -> Response:
    wanted = Wanted(tuple(dict.fromkeys(skus)), frozenset(location_ids) if location_ids else None, channel)
    return Response(await doors.availability.submit(wanted), media_type="application/json")


def reading(database: Database, clock: Clock, limited_below: int) -> Read[Wanted, bytes]:
    """The questions that are waiting, answered from one look at the levels; those that are equal share an answer.

    Fewer than `limited_below` units are `LimitedAvailability`.
    """

    async def read(asked: Sequence[Wanted]) -> list[bytes]:
        as_of = clock()
        skus = {sku for wanted in asked for sku in wanted.skus}
        places = [place for wanted in asked for place in wanted.location_ids or ()]
        everywhere = any(wanted.location_ids is None for wanted in asked)
        channels = {wanted.channel for wanted in asked}
        async with database.reading() as connection:
            found, known, more_is_expected = await levels.promisable(
                connection, skus, None if everywhere else places, [name for name in channels if name is not None]
            )
            rules = await restrictions(connection, known, dict.fromkeys(known, found), locked=False)
            expected = await incoming.expected(connection, found) if more_is_expected else {}
        ahead = _ahead(found, expected, as_of)
        stock = {key: level.available for key, level in found.items()}
        views = {
            channel: _View(skus, _sight(channel, stock, rules), {} if _is_closed(channel, rules) else ahead)
            for channel in channels
        }
        answers = {
            wanted: to_json(_shown(wanted, views[wanted.channel], as_of, limited_below)) for wanted in set(asked)
        }
        return [answers[wanted] for wanted in asked]

    return read


def _is_closed(channel: str | None, rules: Restrictions) -> bool:
    return channel is not None and rules.refusal(channel) is not None


def _ahead(
    found: Mapping[Key, Level], expected: Mapping[Key, Sequence[Expected]], as_of: datetime
) -> dict[str, list[dict[str, Any]]]:
    """By item: `IncomingAt`s, as their members, the earliest first."""
    ahead: dict[str, list[dict[str, Any]]] = {}
    for (place, sku), deliveries in expected.items():
        ahead.setdefault(sku, []).extend(
            {"location_id": place, "quantity": delivery.quantity, "available_at": delivery.available_at}
            for delivery in unpromised(deliveries, max(0, -found[place, sku].free), as_of)
        )
    return {sku: sorted(deliveries, key=lambda delivery: delivery["available_at"]) for sku, deliveries in ahead.items()}


def _sight(channel: str | None, stock: Mapping[Key, int], rules: Restrictions) -> Sight:
    """What this channel sees of the stock, or whoever names none."""
    if channel is None:
        return Sight(stock)
    if _is_closed(channel, rules):
        return Sight(dict.fromkeys(stock, 0))
    return look(stock, stock, rules.bounds_of(channel), {}, rules.left)


class _View:
    """A sight by item: (location_id, units) for every place that has a level; and what is to come."""

    def __init__(self, skus: Iterable[str], sight: Sight, ahead: Mapping[str, list[dict[str, Any]]]) -> None:
        self._ahead = ahead
        self._sight = sight
        self._at: dict[str, list[tuple[str, int]]] = {sku: [] for sku in skus}
        for place, sku in sight.units:
            self._at[sku].append((place, sight.at(place, sku)))

    def of(self, sku: str, location_ids: Collection[str] | None) -> tuple[int, list[tuple[str, int]]]:
        """Units at these places or everywhere: in all, and at each. Under a cap they are less than their sum."""
        places = [at for at in self._at[sku] if location_ids is None or at[0] in location_ids]
        if self._sight.pools:
            return self._sight.together([place for place, _ in places], sku), places
        return sum(units for _, units in places), places

    def ahead_of(self, sku: str, location_ids: Collection[str] | None) -> list[dict[str, Any]]:
        """What is to come to these places or anywhere."""
        return [at for at in self._ahead.get(sku, ()) if location_ids is None or at["location_id"] in location_ids]


def _shown(wanted: Wanted, view: _View, as_of: datetime, limited_below: int) -> dict[str, Any]:
    """An `Availability`, as its members."""
    items = []
    for sku in wanted.skus:
        total, places = view.of(sku, wanted.location_ids)
        item: dict[str, Any] = {
            "sku": sku,
            "available": total,
            "status": _status(total, limited_below),
            "locations": [{"location_id": place, "available": units} for place, units in places],
        }
        more = view.ahead_of(sku, wanted.location_ids)
        items.append(item | {"incoming": more} if more else item)
    return {"as_of": as_of, "items": items}


def _status(units: int, limited_below: int) -> Status:
    if units == 0:
        return "OutOfStock"
    return "LimitedAvailability" if units < limited_below else "InStock"
