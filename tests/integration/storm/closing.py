"""After the storm: everybody does what is left to do, and every order comes to its end."""

from datetime import timedelta
from typing import Any

from tests.conditions import eventually_async
from tests.integration.storm.chain import FINAL, ORDERS, PICKUPS, Chain
from tests.integration.storm.staff import forward, parcels, transfers, unpicked

A_BAG_LAPSES = timedelta(hours=100)


async def every_order_ends(chain: Chain) -> None:
    """Parcels and transfers leave and arrive, bags are filled and lapse; nothing is waited for any longer."""

    async def all_have_ended() -> bool:
        left = [order for order_id in chain.orders if (order := await chain.order(order_id))["state"] not in FINAL]
        all_have_ended.__qualname__ = f"every order ends: {[(order['order_id'], order['state']) for order in left]}"
        for order in left:
            await _send_or_give_up(chain, order)
        for transfer in await transfers(chain):
            await forward(chain, transfer)
        for bag in await chain.bags():
            await _clear_the_counter(chain, bag)
        return not left

    await eventually_async(all_have_ended, timeout_s=60)


async def _send_or_give_up(chain: Chain, order: dict[str, Any]) -> None:
    path = f"{ORDERS}/{order['order_id']}"
    if order["state"] == "backordered":
        await chain.attempt(f"{path}/cancel", {"reason": "waited long enough"})
    elif order["fulfilment"]["method"] == "ship":
        for place, lines in parcels(order).items():
            await chain.attempt(f"{path}/shipments", {"location_id": place, "lines": lines})


async def _clear_the_counter(chain: Chain, bag: dict[str, Any]) -> None:
    """The bag is filled and made ready; nobody comes, so it lapses."""
    path, at = f"{PICKUPS}/{bag['pickup_id']}", bag["location_id"]
    if bag["state"] == "requested":
        await chain.attempt(f"{path}/start", {}, role="store-staff", at=at)
    elif bag["state"] == "picking":
        for line in bag["lines"]:
            if units := unpicked(line):
                pick = f"{path}/lines/{line['sku']}/pick"
                await chain.attempt(pick, {"quantity": units}, role="store-staff", at=at)
        await chain.attempt(f"{path}/ready", {}, role="store-staff", at=at)
    elif bag["state"] == "ready":
        chain.clock.advance(A_BAG_LAPSES)
