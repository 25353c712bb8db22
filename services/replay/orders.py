"""The web shop: orders placed and decided, and the parcels of those that are shipped."""

from collections import defaultdict
from http.client import ACCEPTED, CREATED
from typing import Any

import httpx

from services.replay.client import Client, Refused, until
from services.replay.rules import store
from services.replay.tally import Tally
from services.replay.tills import CURRENCY
from services.replay.timeline import Order
from services.replay.week import Basket

CHANNEL = "web"
WAIT_S = 10
NEIGHBOURS = 3
"""So many stores a customer looks at: the own one, and others at its very place, if there are any."""
FINAL = {"completed", "rejected", "cancelled"}
SETTLED = {"fulfilled", "released", "expired"}
_PATH = "/orders/v1/orders"


class Shop:
    """Places orders under the receipt's number: placed again, the first answers."""

    def __init__(self, client: Client, tally: Tally) -> None:
        self._client = client
        self._tally = tally
        self.confirmed: dict[str, str] = {}
        """For each receipt whose order was confirmed, the order's id."""
        self.shown: dict[str, str] = {}
        """For each receipt that was ordered for pickup just now, when its bag would be ready, as it was told before."""

    async def order(self, step: Order) -> None:
        """Place it and wait until it is decided; where it ships, until every parcel has left the books."""
        order = await self._decided(step)
        state = "rejected" if order is None else "confirmed"
        self._tally.ordered(step.basket, step.method, state)
        if order is None:
            return
        self.confirmed[step.basket.basket_id] = order["order_id"]
        if step.method == "ship":
            await self._ship(order, step.basket.basket_id)

    async def _decided(self, step: Order) -> dict[str, Any] | None:
        """The order once it is decided; None where it is rejected."""
        ready_by = await self._ready_by(step.basket) if step.method == "pickup" else None
        try:
            placed = await self._client.send(
                "POST", _PATH, "storefront", json=_body(step), headers={"Prefer": f"wait={WAIT_S}"}
            )
        except Refused as error:
            if error.code == "insufficient_stock":
                return None
            raise
        if placed.status_code in (CREATED, ACCEPTED) and ready_by is not None:
            self.shown[step.basket.basket_id] = ready_by
        order = await until(lambda: self._look(placed), f"a decision on order {step.basket.basket_id}")
        return None if order["state"] == "rejected" else order

    async def _look(self, placed: httpx.Response) -> dict[str, Any] | None:
        order = await self.get(placed.json()["order_id"])
        return None if order["state"] == "pending" else order

    async def _ready_by(self, basket: Basket) -> str:
        """What the customer is told: when a bag with all of it would be ready at this store."""
        near = store(basket.location_id)
        cart = {
            "lines": [{"sku": line.sku, "quantity": line.quantity} for line in basket.lines],
            "near": {"latitude": near.latitude, "longitude": near.longitude},
            "limit": NEIGHBOURS,
        }

        async def ask() -> str | None:
            options = await self._client.post("/pickup/v1/pickup-options", cart, "storefront")
            return next(
                (item["ready_by"] for item in options["items"] if item["location_id"] == near.location_id), None
            )

        return await until(ask, f"the store {near.location_id} among the pickup options")

    async def get(self, order_id: str) -> dict[str, Any]:
        order: dict[str, Any] = await self._client.get(f"{_PATH}/{order_id}", "storefront")
        return order

    async def finished(self, order_id: str, reservation_id: str) -> str:
        """Wait until the order has ended and its promise is settled in stock; answers the order's last state."""

        async def look() -> str | None:
            promise = await self._client.get(f"/inventory/v1/reservations/{reservation_id}")
            if promise["state"] not in SETTLED:
                return None
            order = await self.get(order_id)
            return str(order["state"]) if order["state"] in FINAL else None

        return await until(look, f"the end of order {order_id}")

    async def _ship(self, order: dict[str, Any], basket_id: str) -> None:
        parcels: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for share in order["allocations"]:
            parcels[share["location_id"]].append({"sku": share["sku"], "quantity": share["quantity"]})
        if order["state"] not in FINAL:
            for place, lines in sorted(parcels.items()):
                body = {"location_id": place, "lines": lines, "carrier": "ups", "tracking": f"1Z{basket_id}{place}"}
                await self._client.post(f"{_PATH}/{order['order_id']}/shipments", body, key=f"ship/{basket_id}/{place}")
        self._tally.parcels += len(parcels)
        await self.finished(order["order_id"], order["reservation_id"])


def _body(step: Order) -> dict[str, Any]:
    basket = step.basket
    return {
        "channel": CHANNEL,
        "external_id": basket.basket_id,
        "member_id": basket.member_id,
        "currency": CURRENCY,
        "lines": [
            {
                "sku": line.sku,
                "quantity": line.quantity,
                "unit_price": {"amount": line.unit_price, "currency": CURRENCY},
            }
            for line in basket.lines
        ],
        "fulfilment": _pickup(basket) if step.method == "pickup" else _shipment(basket),
    }


def _pickup(basket: Basket) -> dict[str, Any]:
    return {"method": "pickup", "location_id": basket.location_id}


def _shipment(basket: Basket) -> dict[str, Any]:
    """Members live near their store, as far as the log knows."""
    near = store(basket.location_id)
    destination = {"country": "US", "latitude": near.latitude, "longitude": near.longitude}
    return {"method": "ship", "destination": destination}
