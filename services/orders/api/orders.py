"""HTTP door: looking at orders."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.orders.api.answers import Order
from services.orders.api.doors import OrdersDoors
from services.orders.api.values import Label, OrderId
from services.orders.domain.states import State
from services.orders.store import views
from services.orders.store.orders import is_identifier
from shared.contracts.values import Channel
from shared.errors import DomainError, InvalidRequest
from shared.http.auth import allow
from shared.http.door import answer
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses

router = APIRouter(prefix="/v1/orders", tags=["orders"])


@router.get(
    "/{order_id}",
    summary="One order",
    description="With its lines, from where they are promised, and the timeline that explains its state.",
    response_model=Order,
    responses=responses("unauthenticated", "forbidden", "not_found", "overloaded"),
    dependencies=[allow("storefront", "operator", "store-staff")],
)
async def get(order_id: OrderId, doors: OrdersDoors) -> Response:
    order = await doors.decisions.read(order_id)
    if order is None:
        raise DomainError("not_found", f"There is no order {order_id}.")
    return answer(order).response()


@router.get(
    "",
    summary="Orders, newest first",
    description="All, or those that fit every filter given.",
    response_model=Page[Order],
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
    dependencies=[allow("storefront", "operator", "store-staff")],
)
async def list_(
    doors: OrdersDoors,
    state: State | None = None,
    channel: Annotated[Channel | None, Query()] = None,
    member_id: Annotated[Label | None, Query()] = None,
    external_id: Annotated[Label | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    filters = {"state": state, "channel": channel, "member_id": member_id, "external_id": external_id}
    async with doors.database.reading() as connection:
        documents = await views.page(connection, filters, _before(cursor), limit + 1)
    orders = [Order.model_validate_json(document) for document in documents]
    items, next_cursor = page(orders, limit, lambda order: [order.order_id])
    return answer(Page[Order](items=items, next_cursor=next_cursor)).response()


def _before(cursor: str | None) -> str | None:
    """The id before which the page begins."""
    key = decode(cursor, 1)
    if key is None:
        return None
    if not isinstance(key[0], str) or not is_identifier(key[0]):
        raise InvalidRequest("/query/cursor", "not a cursor of this list")
    return key[0]
