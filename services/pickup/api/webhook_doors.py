"""What the HTTP doors of webhooks open on, beside those of the bags."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.pickup.api.webhook_answers import Delivery, WebhookWithSecret
from services.pickup.domain.receivers import Network
from services.pickup.store import deliveries
from services.pickup.usecases.deliveries import Replay, replay
from services.pickup.usecases.webhooks import NewSecret, Rotation, rotate_secret
from shared.clock import Clock
from shared.database import Database, Transaction
from shared.http.door import Door, answer, each
from shared.http.idempotency import Answer


@dataclass(frozen=True)
class WebhookDoors:
    """`network` is where receivers may be."""

    database: Database
    clock: Clock
    network: Network
    new_secret: NewSecret
    rotate_secret: Door[Rotation]
    replay: Door[Replay]


def webhook_doors(database: Database, clock: Clock, network: Network, new_secret: NewSecret) -> WebhookDoors:
    async def rotate_one(transaction: Transaction, command: Rotation) -> Answer:
        rotated = await rotate_secret(transaction, command, new_secret, clock())
        return answer(WebhookWithSecret.model_validate(rotated))

    async def replay_one(transaction: Transaction, command: Replay) -> Answer:
        await replay(transaction, command, clock())
        row = await deliveries.get(transaction, command.webhook_id, command.delivery_id)
        return answer(Delivery.model_validate(row), 202)

    return WebhookDoors(
        database,
        clock,
        network,
        new_secret,
        Door("rotate webhook secrets", database, each(rotate_one)),
        Door("replay deliveries", database, each(replay_one)),
    )


async def _doors(request: Request) -> WebhookDoors:
    doors: WebhookDoors = request.app.state.webhook_doors
    return doors


Doors = Annotated[WebhookDoors, Depends(_doors)]
