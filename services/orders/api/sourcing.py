"""HTTP door: from where an order would come, and why, without placing it."""

from collections import defaultdict
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from services.orders.api.doors import Doors, OrdersDoors
from services.orders.api.values import units_by_sku
from services.orders.domain.explanations import (
    Decision,
    Explanation,
    Offer,
    Reason,
    Verdict,
    explain_pickup,
    explain_shipping,
)
from services.orders.domain.places import Place, Point
from services.orders.domain.refusals import Refused
from services.orders.domain.sourcing import Network, Plan
from services.orders.usecases.refusals import as_domain_error
from services.orders.usecases.sourcing import plan as plan_of
from services.orders.usecases.sourcing import point_of, with_channels_split
from shared.contracts.orders import Fulfilment, PickupFulfilment
from shared.contracts.reservation_previews import CandidateLine, ReservationPreview
from shared.contracts.reservations import Policy, Shortage
from shared.contracts.values import Allocation, Channel, Instant, LocationId, Sku, SkuQuantity, Wire
from shared.geography import distance_km
from shared.http.auth import allow
from shared.http.problems import responses

router = APIRouter(prefix="/v1/sourcing", tags=["sourcing"])

LINES_LIMIT = 200
"""As many as inventory takes in one reservation."""

EXAMPLE: Any = {
    "channel": "web",
    "lines": [{"sku": "995242", "quantity": 2}],
    "fulfilment": {
        "method": "ship",
        "destination": {"country": "JP", "postal_code": "104-0061", "latitude": 35.67, "longitude": 139.76},
    },
}


class DraftBody(Wire):
    """An order as far as sourcing looks at it."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    channel: Channel
    lines: Annotated[list[SkuQuantity], Field(min_length=1, max_length=LINES_LIMIT)]
    fulfilment: Fulfilment


class PlanShown(BaseModel):
    """What inventory would be asked."""

    model_config = ConfigDict(from_attributes=True)

    policy: Policy = Field(description="How places may be combined: the order's word, or the channel's split")
    candidates: list[LocationId] = Field(description="The preferred first")
    keep_back: dict[LocationId, int] = Field(
        description="Units of every item that stay at a place", examples=[{"S367": 2}]
    )
    tiers: list[int] = Field(
        description="The candidates stand in groups of so many, within which the deepest stock comes first",
        examples=[[1, 3]],
    )


class ReasonShown(BaseModel):
    """`code` is a filter of the routing policy, what inventory held back, or one of the verdicts' own."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(examples=["within_km"])
    detail: str = Field(examples=["It is 402.1 km away, further than 100."])
    rule: str | None = Field(None, description="The routing rule that says it", examples=["stores nearby"])
    sku: Sku | None = Field(None, description="The item that it is about")


class PlaceShown(BaseModel):
    """A place, and whether the order would come from it."""

    location_id: LocationId
    verdict: Verdict = Field(
        description="`chosen`; `not_needed`: other places are enough; `not_held`: it has some, but all together too"
        " few; `lacks_stock`; `beyond_limit`: more places fit than are asked; `excluded`: by the policy, or by what"
        " the customer chose",
        examples=["excluded"],
    )
    reasons: list[ReasonShown]
    position: int | None = Field(None, description="Among the candidates, from 1", examples=[1])
    rule: str | None = Field(None, description="The routing rule that it stands under", examples=["warehouses"])
    distance_km: float | None = Field(None, description="To the destination, where both are known", examples=[402.1])
    orders_left_today: int | None = Field(
        None, description="Where it has a capacity, and the policy looks at it", examples=[68]
    )
    lines: list[CandidateLine] = Field(description="What it could give, if it was asked")


class SourcingPreview(BaseModel):
    """What would become of the order at `as_of`. Nothing was promised."""

    as_of: Instant
    would_hold: bool = Field(description="Whether every line could be promised")
    code: str | None = Field(None, description="Why not, as the refusal's code", examples=["insufficient_stock"])
    detail: str | None = Field(None, description="Why not, in words")
    plan: PlanShown | None = Field(description="Null where the routing policy leaves no place")
    allocations: list[Allocation]
    shortages: list[Shortage]
    places: list[PlaceShown] = Field(description="Every place that is known, the candidates first, in their order")


@router.post(
    "/preview",
    summary="From where an order would come, and why",
    description="Plans the draft by its channel's routing policy, asks inventory what it would hold, and says of every"
    " place why it would be taken or not. The same code decides as for a real order; nothing is changed.",
    response_model=SourcingPreview,
    responses=responses(
        "unauthenticated", "forbidden", "invalid_request", "unknown_location", "unknown_sku", "unavailable"
    ),
    dependencies=[allow("operator", "storefront")],
)
async def preview(body: Annotated[DraftBody, Body()], doors: OrdersDoors) -> SourcingPreview:
    lines = units_by_sku(body.lines)
    async with doors.database.reading() as connection:
        network = await doors.networks.today(connection, doors.clock(), [body.channel])
    draft = body.model_copy(update={"fulfilment": with_channels_split(body.channel, body.fulfilment, network)})
    try:
        plan = plan_of(draft.channel, draft.fulfilment, network, doors.candidates_limit)
    except Refused as refused:
        if refused.pointer is not None:
            raise as_domain_error(refused) from refused
        return _without_plan(doors, draft, network, refused)
    found = await doors.previews.of(draft.channel, lines, plan)
    return _shown(draft, network, plan, found)


def _without_plan(doors: Doors, draft: DraftBody, network: Network, refused: Refused) -> SourcingPreview:
    explained = explain_shipping(network, draft.channel, _destination(draft), None, None)
    return SourcingPreview(
        as_of=doors.clock(),
        would_hold=False,
        code=refused.code,
        detail=refused.detail,
        plan=None,
        allocations=[],
        shortages=[],
        places=[_place(one, draft, network, None) for one in explained],
    )


def _shown(draft: DraftBody, network: Network, plan: Plan, found: ReservationPreview) -> SourcingPreview:
    decision = _decision(found)
    if isinstance(draft.fulfilment, PickupFulfilment):
        explained = explain_pickup(network, draft.fulfilment.location_id, plan, decision)
    else:
        explained = explain_shipping(network, draft.channel, _destination(draft), plan, decision)
    return SourcingPreview(
        as_of=found.as_of,
        would_hold=found.would_hold,
        code=found.code,
        detail=found.detail,
        plan=PlanShown.model_validate(plan),
        allocations=found.allocations,
        shortages=found.shortages,
        places=[_place(one, draft, network, found) for one in explained],
    )


def _decision(found: ReservationPreview) -> Decision:
    given: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for share in found.allocations:
        given[share.location_id][share.sku] = share.quantity
    offers = {
        candidate.location_id: [
            Offer(line.sku, line.requested, line.could_give, line.held_back_by) for line in candidate.lines
        ]
        for candidate in found.candidates
    }
    return Decision(_refusal(found), given, offers)


def _refusal(found: ReservationPreview) -> Reason | None:
    if found.would_hold:
        return None
    return Reason(found.code or "insufficient_stock", found.detail or "All places together have not enough.")


def _destination(draft: DraftBody) -> Point | None:
    return None if isinstance(draft.fulfilment, PickupFulfilment) else point_of(draft.fulfilment)


def _place(explained: Explanation, draft: DraftBody, network: Network, found: ReservationPreview | None) -> PlaceShown:
    place = explained.place
    candidates = found.candidates if found is not None else ()
    return PlaceShown(
        location_id=place.location_id,
        verdict=explained.verdict,
        reasons=[ReasonShown.model_validate(reason) for reason in explained.reasons],
        position=explained.position,
        rule=explained.rule,
        distance_km=_distance(place, _destination(draft)),
        orders_left_today=_orders_left(place, draft, network),
        lines=next((one.lines for one in candidates if one.location_id == place.location_id), []),
    )


def _orders_left(place: Place, draft: DraftBody, network: Network) -> int | None:
    """What is used is known where the policy looks at it, and only there."""
    if place.capacity.orders_per_day is None or not network.looks_at_capacity([draft.channel]):
        return None
    return max(0, int(network.demand(None).orders_left(place)))


def _distance(place: Place, destination: Point | None) -> float | None:
    if place.point is None or destination is None:
        return None
    return round(distance_km(*place.point, *destination), 1)
