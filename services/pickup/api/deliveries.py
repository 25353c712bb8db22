"""HTTP door: what webhooks were told, and telling them again."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from services.pickup.api.webhook_answers import Delivery, DeliveryWithPayload
from services.pickup.api.webhook_doors import Doors
from services.pickup.api.webhooks import WebhookId
from services.pickup.domain.deliveries import DeliveryState
from services.pickup.store import deliveries
from services.pickup.usecases.deliveries import Replay
from shared.errors import DomainError, InvalidRequest
from shared.http.auth import Key, allow
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses

router = APIRouter(prefix="/v1/webhooks/{webhook_id}/deliveries", tags=["webhooks"])

DeliveryId = Annotated[UUID, Path(description="The delivery: the header `webhook-id` of each of its attempts")]
_ID: TypeAdapter[UUID] = TypeAdapter(UUID)


@router.get(
    "",
    summary="What a webhook was told",
    description="Newest first, what is still to be sent included. Those that ended are kept for some weeks.",
    response_model=Page[Delivery],
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
    dependencies=[allow("operator")],
)
async def list_(
    webhook_id: WebhookId,
    doors: Doors,
    state: Annotated[DeliveryState | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Delivery]:
    async with doors.database.reading() as connection:
        rows = await deliveries.page(connection, webhook_id, state, _before(cursor), limit + 1)
    found = [Delivery.model_validate(row) for row in rows]
    items, next_cursor = page(found, limit, lambda item: [item.delivery_id])
    return Page(items=items, next_cursor=next_cursor)


def _before(cursor: str | None) -> str | None:
    """The delivery after which the page begins. Raises `invalid_request`."""
    key = decode(cursor, 1)
    try:
        return None if key is None else str(_ID.validate_python(key[0]))
    except ValidationError as error:
        raise InvalidRequest("/query/cursor", "not a cursor of this list") from error


@router.get(
    "/{delivery_id}",
    summary="One delivery",
    description="With its `payload`: what is sent, byte for byte but for the spaces between.",
    response_model=DeliveryWithPayload,
    responses=responses("unauthenticated", "forbidden", "not_found", "invalid_request"),
    dependencies=[allow("operator")],
)
async def get(webhook_id: WebhookId, delivery_id: DeliveryId, doors: Doors) -> DeliveryWithPayload:
    async with doors.database.reading() as connection:
        row = await deliveries.get(connection, webhook_id, str(delivery_id))
    if row is None:
        raise DomainError("not_found", f"There is no delivery {delivery_id} to a webhook {webhook_id}.")
    return DeliveryWithPayload.model_validate({**row._mapping, "payload": from_json(row.body)})


@router.post(
    "/{delivery_id}/replay",
    summary="Send a delivery again",
    description="At once, and then by the schedule from its beginning; under the same `webhook-id`, so that a receiver"
    " that has it already can tell. A delivery that is still pending is only sent sooner.",
    status_code=202,
    response_model=Delivery,
    responses=responses(
        "unauthenticated",
        "forbidden",
        "not_found",
        "illegal_transition",
        "request_in_flight",
        "invalid_request",
        "idempotency_key_reused",
        "overloaded",
    ),
)
async def replay(
    webhook_id: WebhookId,
    delivery_id: DeliveryId,
    doors: Doors,
    _: Annotated[Any, allow("operator")],
    key: Key,
) -> Response:
    return await doors.replay(Replay(webhook_id, str(delivery_id)), key)
