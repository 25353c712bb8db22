"""After the storm: everybody does what is left to do, and every order comes to its end."""

from datetime import timedelta

from tests.conditions import eventually_async
from tests.integration.storm.chain import FINAL, Chain
from tests.integration.storm.steps import ORDERS, PICKUPS, parcels

A_BAG_LAPSES = timedelta(hours=100)


async def every_order_ends(chain: Chain) -> None:
    """Parcels leave, bags are filled and fetched or lapse; nothing stays behind."""

    async def all_have_ended() -> bool:
        left = [order for order_id in chain.orders if (order := await chain.order(order_id))["state"] not in FINAL]
        all_have_ended.__qualname__ = f"every order ends: {[(order['order_id'], order['state']) for order in left]}"
        for order in left:
            if order["state"] == "backordered":
                await chain.attempt(f"{ORDERS}/{order['order_id']}/cancel", {"reason": "waited long enough"})
            if order["fulfilment"]["method"] == "ship":
                for place, lines in parcels(order).items():
                    await chain.attempt(
                        f"{ORDERS}/{order['order_id']}/shipments", {"location_id": place, "lines": lines}
                    )
        await _clear_the_counters(chain)
        return not left

    await eventually_async(all_have_ended, timeout_s=60)


async def _clear_the_counters(chain: Chain) -> None:
    """Bags are filled and made ready; nobody comes, so they lapse."""
    for bag in await chain.bags():
        path, at = f"{PICKUPS}/{bag['pickup_id']}", bag["location_id"]
        if bag["state"] == "requested":
            await chain.attempt(f"{path}/start", {}, role="store-staff", at=at)
        if bag["state"] == "picking":
            for line in bag["lines"]:
                left = line["quantity"] - line["picked"] - line["short"] - line["cancelled"]
                if left:
                    await chain.attempt(
                        f"{path}/lines/{line['sku']}/pick", {"quantity": left}, role="store-staff", at=at
                    )
            await chain.attempt(f"{path}/ready", {}, role="store-staff", at=at)
        if bag["state"] == "ready":
            chain.clock.advance(A_BAG_LAPSES)
