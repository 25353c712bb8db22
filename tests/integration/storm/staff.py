"""What staff do in a storm: send parcels and transfers, fill bags, hand them over, or will not."""

from collections import defaultdict
from typing import Any

from tests.integration.storm.chain import ORDERS, PICKUPS, Chain
from tests.integration.storm.dice import Dice


async def a_parcel_leaves(chain: Chain, dice: Dice) -> None:
    if chain.orders:
        order = await chain.order(dice.one_of(chain.orders))
        for place, lines in parcels(order).items():
            await chain.attempt(f"{ORDERS}/{order['order_id']}/shipments", {"location_id": place, "lines": lines})
            if dice.once_in(2):
                return


async def a_store_will_not_give_it(chain: Chain, dice: Dice) -> None:
    if chain.orders:
        order = await chain.order(dice.one_of(chain.orders))
        for place in parcels(order):
            path = f"{ORDERS}/{order['order_id']}/allocations/{place}/reject"
            await chain.attempt(path, {"reason": "damaged on the shelf"}, role="store-staff", at=place)
            return


async def a_clerk_works(chain: Chain, dice: Dice) -> None:
    """The next thing to do with a bag, or another one."""
    bags = [bag for bag in await chain.bags() if bag["state"] in ("requested", "picking", "ready")]
    if bags:
        bag = dice.one_of(bags)
        if dice.once_in(12):
            await _step(chain, bag, "cancel", {"reason": "the store is flooded"})
        elif bag["state"] == "requested":
            await _step(chain, bag, "start")
        elif bag["state"] == "picking":
            await _pick(chain, dice, bag)
        else:
            await _hand_over(chain, dice, bag)


async def goods_travel_to_a_store(chain: Chain, dice: Dice) -> None:
    """The next thing to do with a transfer."""
    under_way = await transfers(chain)
    if under_way:
        await forward(chain, dice.one_of(under_way))


def parcels(order: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What is promised and has not left, by place."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for share in order["allocations"]:
        open_units = share["quantity"] - share["cancelled"] - share["handed_over"]
        if open_units:
            found[share["location_id"]].append({"sku": share["sku"], "quantity": open_units})
    return found


def unpicked(line: dict[str, Any]) -> int:
    """Units of a bag's line that lie on the shelf."""
    return int(line["quantity"] - line["picked"] - line["short"] - line["cancelled"] - line["arriving"])


async def transfers(chain: Chain) -> list[dict[str, Any]]:
    """Those that have not arrived yet."""
    found: list[dict[str, Any]] = []
    for state in ("requested", "sent"):
        found += (await chain.ask("GET", f"/pickup/v1/transfers?limit=500&state={state}"))["items"]
    return found


async def forward(chain: Chain, transfer: dict[str, Any]) -> None:
    """Send it, or receive it."""
    step, place = ("send", "from") if transfer["state"] == "requested" else ("receive", "to")
    path = f"/pickup/v1/transfers/{transfer['transfer_id']}/{step}"
    await chain.attempt(path, {}, role="store-staff", at=transfer[f"{place}_location_id"])


async def _pick(chain: Chain, dice: Dice, bag: dict[str, Any]) -> None:
    for line in bag["lines"]:
        left = unpicked(line)
        if left and dice.once_in(5):
            await _step(chain, bag, f"lines/{line['sku']}/short", {"missing": 1, "reason": "not on the shelf"})
            return
        if left:
            await _step(chain, bag, f"lines/{line['sku']}/pick", {"quantity": left})
            return
    await _step(chain, bag, "ready")


async def _hand_over(chain: Chain, dice: Dice, bag: dict[str, Any]) -> None:
    code = (await chain.ask("GET", f"{PICKUPS}/{bag['pickup_id']}", role="storefront"))["code"]
    said = f"{(int(code) + 1) % 10**6:06}" if dice.once_in(5) else code
    await _step(chain, bag, "collect", {"code": said}, "wrong_code", "locked")


async def _step(chain: Chain, bag: dict[str, Any], step: str, body: Any = None, *refusals: str) -> None:
    path = f"{PICKUPS}/{bag['pickup_id']}/{step}"
    await chain.attempt(path, body or {}, *refusals, role="store-staff", at=bag["location_id"])
