"""The AsyncAPI documents that Zaiko's apps serve, without starting any."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI

from services import together
from services.installation import BusName, Installation
from services.inventory.app import create_app as create_inventory
from services.inventory.settings import Settings as InventorySettings
from services.orders.app import create_app as create_orders
from services.orders.settings import Settings as OrdersSettings
from services.pickup.app import create_app as create_pickup
from services.pickup.settings import Settings as PickupSettings

DATABASE = "postgresql://zaiko:zaiko@127.0.0.1:5432/zaiko"


def all_in_one(bus: BusName) -> FastAPI:
    installation = Installation(
        database_url=DATABASE,
        token_secret="a secret that is only good for tests",
        base_url="http://127.0.0.1:8000",
        token_command="zaiko token",
        bus=bus,
        kafka_bootstrap_servers="kafka-a:9092,kafka-b:9092",
    )
    return together.create_app(installation)


APPS: dict[str, FastAPI] = {
    "inventory": create_inventory(InventorySettings()),
    "orders": create_orders(OrdersSettings()),
    "pickup": create_pickup(PickupSettings()),
    "all": all_in_one("postgres"),
    "all on Kafka": all_in_one("kafka"),
}


def get(app: FastAPI, path: str) -> httpx.Response:
    """What the app answers; its lifespan is not entered, so nothing is opened."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://zaiko") as client:
            return await client.get(path)

    answer = asyncio.run(ask())
    assert answer.status_code == 200, path
    return answer


DOCUMENTS: dict[str, dict[str, Any]] = {name: get(app, "/asyncapi.json").json() for name, app in APPS.items()}
WHOLE = DOCUMENTS["all"]
