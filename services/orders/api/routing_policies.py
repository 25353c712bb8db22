"""HTTP door: by which rules a channel's orders find their places."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response
from pydantic import Field

from services.orders.api.doors import OrdersDoors
from services.orders.api.routing_values import RoutingPolicyBody
from services.orders.domain.routing import DEFAULT_POLICY
from services.orders.store import routing_policies
from services.orders.store.routing_policies import POLICY, StoredPolicy
from services.orders.usecases.routing import put_routing_policy
from shared.contracts.values import Channel, Instant
from shared.http.auth import allow
from shared.http.door import answer
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses

router = APIRouter(prefix="/v1/routing-policies", tags=["sourcing"])

EXAMPLES: Any = {
    "stores": {
        "summary": "Warehouses, then stores in the neighbourhood that have room and keep their last two pieces",
        "value": {
            "rules": [
                {
                    "name": "warehouses",
                    "filters": [{"filter": "kind", "kinds": ["warehouse"]}],
                    "rankings": [{"rank": "distance"}],
                },
                {
                    "name": "stores nearby",
                    "filters": [
                        {"filter": "kind", "kinds": ["store"]},
                        {"filter": "group", "none_of": ["outlet"]},
                        {"filter": "within_km", "km": 100},
                        {"filter": "capacity_left"},
                        {"filter": "keep_back", "units": 2},
                    ],
                    "rankings": [{"rank": "distance", "step_km": 25}, {"rank": "deepest_stock"}],
                },
            ],
            "split": "fewest_parcels",
        },
    },
    "default": {
        "summary": "What a channel without a policy has",
        "value": {
            "rules": [
                {
                    "name": "nearest",
                    "rankings": [{"rank": "kind", "order": ["warehouse", "store"]}, {"rank": "distance"}],
                }
            ],
            "split": "fewest_parcels",
        },
    },
}


class RoutingPolicyShown(RoutingPolicyBody):
    """The policy that a channel's orders follow."""

    channel: Channel
    is_default: bool = Field(description="Whether the channel has none of its own")
    updated_at: Instant | None = Field(None, description="When it was put")


@router.put(
    "/{channel}",
    summary="Set the routing policy of a channel",
    description="Puts the whole policy; 201 where the channel had none. It decides about orders that are placed from"
    " then on, and about units that are sourced elsewhere. It concerns shipping: a pickup is promised at the store that"
    " the customer chose. `POST /v1/sourcing/preview` shows what it comes to.",
    response_model=RoutingPolicyShown,
    responses={201: {"model": RoutingPolicyShown}, **responses("unauthenticated", "forbidden", "invalid_request")},
    dependencies=[allow("operator")],
)
async def put(
    channel: Annotated[Channel, Path()],
    body: Annotated[RoutingPolicyBody, Body(openapi_examples=EXAMPLES)],
    doors: OrdersDoors,
) -> Response:
    now = doors.clock()
    policy = body.policy()
    async with doors.database.transaction() as transaction:
        is_new = await put_routing_policy(transaction, channel, policy, now)
    return answer(_shown(channel, StoredPolicy(channel, policy, now)), 201 if is_new else 200).response()


@router.get(
    "/{channel}",
    summary="The routing policy that a channel's orders follow",
    description="Its own, or the default: warehouses, then stores, the nearest first.",
    response_model=RoutingPolicyShown,
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
    dependencies=[allow("operator", "storefront")],
)
async def get(channel: Annotated[Channel, Path()], doors: OrdersDoors) -> RoutingPolicyShown:
    async with doors.database.reading() as connection:
        stored = await routing_policies.get(connection, channel)
    return _shown(channel, stored)


@router.get(
    "",
    summary="All routing policies",
    description="Of the channels that have one of their own, by their names.",
    response_model=Page[RoutingPolicyShown],
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
    dependencies=[allow("operator", "storefront")],
)
async def list_(doors: OrdersDoors, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[RoutingPolicyShown]:
    after = decode(cursor, 1)
    async with doors.database.reading() as connection:
        stored = await routing_policies.page(connection, str(after[0]) if after else "", limit + 1)
    items, next_cursor = page([_shown(row.channel, row) for row in stored], limit, lambda item: [item.channel])
    return Page(items=items, next_cursor=next_cursor)


def _shown(channel: str, stored: StoredPolicy | None) -> RoutingPolicyShown:
    policy = DEFAULT_POLICY if stored is None else stored.policy
    return RoutingPolicyShown(
        **POLICY.dump_python(policy, mode="json"),
        channel=channel,
        is_default=stored is None,
        updated_at=None if stored is None else stored.updated_at,
    )
