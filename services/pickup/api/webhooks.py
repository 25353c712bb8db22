"""HTTP door: webhooks, the subscriptions of those who want to be told."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import AfterValidator, Field

from services.pickup.api.webhook_answers import Webhook, WebhookWithSecret
from services.pickup.api.webhook_doors import Doors
from services.pickup.domain.receivers import URL_LIMIT, fault_of
from services.pickup.domain.webhooks import Webhook as Subscribed
from services.pickup.store import webhooks
from services.pickup.usecases.deliveries import TOLD
from services.pickup.usecases.webhooks import Rotation, Subscription, delete_webhook, put_webhook
from shared.contracts.values import Name, Wire
from shared.errors import DomainError, InvalidRequest
from shared.http.auth import Key, allow
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

DEFAULT_OVERLAP_HOURS = 24
OVERLAP_LIMIT_HOURS = 7 * 24
HOW_IT_IS_SIGNED = (
    "Each event is a POST of `{type, timestamp, data}`, signed as [Standard Webhooks](https://www.standardwebhooks.com)"
    " has it: the headers `webhook-id` (the same on every try), `webhook-timestamp`, `webhook-signature`. Any 2xx takes"
    " it; anything else is tried again, 10 times in three days, in no particular order."
)

WebhookId = Annotated[Name, Path(description="The webhook, as you name it", examples=["shop-mails"])]


def _known_type(name: str) -> str:
    if name not in TOLD:
        raise ValueError("not an event type that webhooks are told of")
    return name


EventTypeName = Annotated[
    str, AfterValidator(_known_type), Field(examples=["zaiko.pickup.ready.v1"], json_schema_extra={"enum": list(TOLD)})
]


class WebhookBody(Wire):
    """Who is to be told of what."""

    url: str = Field(
        max_length=URL_LIMIT,
        description="Where to, over https; neither a private address nor a redirect is followed",
        examples=["https://mails.example.com/zaiko"],
    )
    event_types: Annotated[list[EventTypeName], Field(min_length=1, max_length=len(TOLD))]
    enabled: bool = Field(True, strict=True, description="Whether it is told; nothing is kept for a disabled one")


class RotationBody(Wire):
    """How long the old secret goes on signing."""

    overlap_hours: Annotated[
        int, Field(strict=True, ge=0, le=OVERLAP_LIMIT_HOURS, description="0 where the old one has become known")
    ] = DEFAULT_OVERLAP_HOURS


@router.put(
    "/{webhook_id}",
    summary="Create or change a webhook",
    description=f"{HOW_IT_IS_SIGNED} It is told of what happens from now on. 201 where it is new, with the secret,"
    " which is shown this once. One that was disabled and is enabled again is sent what still waits.",
    response_model=Webhook,
    responses={201: {"model": WebhookWithSecret}, **responses("unauthenticated", "forbidden", "invalid_request")},
    dependencies=[allow("operator")],
)
async def put(webhook_id: WebhookId, body: WebhookBody, doors: Doors) -> Response:
    fault = fault_of(body.url, doors.network)
    if fault is not None:
        raise InvalidRequest("/url", fault)
    wanted = Subscription(webhook_id, body.url, body.event_types, body.enabled)
    async with doors.database.transaction() as transaction:
        webhook, is_new = await put_webhook(transaction, wanted, doors.new_secret, doors.clock())
    return _answer(WebhookWithSecret, webhook, 201) if is_new else _answer(Webhook, webhook, 200)


def _answer(model: type[Webhook], webhook: Subscribed, status: int) -> Response:
    return Response(model.model_validate(webhook).model_dump_json(), status, media_type="application/json")


@router.get(
    "",
    summary="All webhooks",
    description="By their names, without their secrets.",
    response_model=Page[Webhook],
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
    dependencies=[allow("operator")],
)
async def list_(doors: Doors, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[Webhook]:
    after = decode(cursor, 1)
    async with doors.database.reading() as connection:
        rows = await webhooks.page(connection, str(after[0]) if after else None, limit + 1)
    found = [Webhook.model_validate(row) for row in rows]
    items, next_cursor = page(found, limit, lambda item: [item.webhook_id])
    return Page(items=items, next_cursor=next_cursor)


@router.get(
    "/{webhook_id}",
    summary="One webhook",
    description="As it was last put, how its receiver fares, and why it is disabled where it is.",
    response_model=Webhook,
    responses=responses("unauthenticated", "forbidden", "not_found", "invalid_request"),
    dependencies=[allow("operator")],
)
async def get(webhook_id: WebhookId, doors: Doors) -> Webhook:
    async with doors.database.reading() as connection:
        row = await webhooks.get(connection, webhook_id)
    if row is None:
        raise DomainError("not_found", f"There is no webhook {webhook_id}.")
    return Webhook.model_validate(row)


@router.delete(
    "/{webhook_id}",
    summary="Delete a webhook",
    description="With all that it was told and all that it was still to be told.",
    status_code=204,
    response_class=Response,
    responses=responses("unauthenticated", "forbidden", "not_found", "invalid_request"),
    dependencies=[allow("operator")],
)
async def delete(webhook_id: WebhookId, doors: Doors) -> Response:
    async with doors.database.transaction() as transaction:
        await delete_webhook(transaction, webhook_id)
    return Response(status_code=204)


@router.post(
    "/{webhook_id}/rotate-secret",
    summary="Make a new secret",
    description="Answers with it, this once. Until `previous_secret_until` everything is signed with both, so that the"
    " receiver can change over without losing anything.",
    response_model=WebhookWithSecret,
    responses=responses(
        "unauthenticated",
        "forbidden",
        "not_found",
        "request_in_flight",
        "invalid_request",
        "idempotency_key_reused",
        "overloaded",
    ),
)
async def rotate_secret(
    webhook_id: WebhookId,
    body: RotationBody,
    doors: Doors,
    _: Annotated[Any, allow("operator")],
    key: Key,
) -> Response:
    return await doors.rotate_secret(Rotation(webhook_id, timedelta(hours=body.overlap_hours)), key)
