"""What the HTTP doors of webhooks answer."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.pickup.domain.deliveries import ATTEMPTS_LIMIT, DeliveryState
from shared.contracts.values import Instant, Name

EXAMPLE_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Webhook(BaseModel):
    """A subscription, and how its receiver fares."""

    model_config = ConfigDict(from_attributes=True)

    webhook_id: Name
    url: str = Field(examples=["https://mails.example.com/zaiko"])
    event_types: list[str] = Field(examples=[["zaiko.pickup.ready.v1", "zaiko.pickup.reminded.v1"]])
    enabled: bool = Field(validation_alias="is_enabled")
    created_at: Instant
    previous_secret_until: Instant | None = Field(description="Until then the secret before signs as well")
    failing_since: Instant | None = Field(description="Since then every attempt has failed")
    paused_until: Instant | None = Field(description="The receiver asked for less: nothing is sent before")
    disabled_at: Instant | None
    disabled_reason: str | None = Field(examples=["it answered 410 Gone"])


class WebhookWithSecret(Webhook):
    """The only answer that shows the secret."""

    secret: str = Field(description="Signs what is sent; it is not shown again", examples=[EXAMPLE_SECRET])


class Delivery(BaseModel):
    """One event for one webhook."""

    model_config = ConfigDict(from_attributes=True)

    delivery_id: str = Field(
        description="The header `webhook-id` of each attempt", examples=["019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f66"]
    )
    event_type: str = Field(examples=["zaiko.pickup.ready.v1"])
    event_source: str = Field(examples=["/pickup"])
    event_id: str = Field(examples=["019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f77"])
    state: DeliveryState = Field(description="`failed`: given up, until somebody replays it")
    attempts: int = Field(description=f"Since it was made or replayed, at most {ATTEMPTS_LIMIT}", examples=[1])
    created_at: Instant
    next_attempt_at: Instant | None = Field(description="Of a pending one; one that is under way is due again later")
    last_attempt_at: Instant | None
    last_status: int | None = Field(description="What the receiver answered; null while it is asked", examples=[200])
    last_error: str | None = Field(description="Why it did not answer", examples=["no answer within 20 s"])
    closed_at: Instant | None = Field(description="When it was delivered, or given up")


class DeliveryWithPayload(Delivery):
    """The same with what is sent."""

    payload: dict[str, Any] = Field(
        examples=[{"type": "zaiko.pickup.ready.v1", "timestamp": "2017-11-20T09:52:00Z", "data": {"order_id": "…"}}]
    )
