"""What customers do in a storm: fill carts, order, change their minds, bring things back."""

from datetime import timedelta
from typing import Any

from shared.contracts.values import rfc3339
from tests.integration.storm.chain import AWAITED, CHANNELS, ORDERS, PRICE, SKUS, STORES, Chain
from tests.integration.storm.dice import Dice

RESERVATIONS = "/inventory/v1/reservations"


async def a_cart_is_filled(chain: Chain, dice: Dice) -> None:
    body = {
        "reference": f"cart-{len(chain.carts)}",
        "channel": dice.one_of(CHANNELS),
        "lines": _basket(dice),
        "ttl_seconds": 900,
    }
    if held := await chain.attempt(RESERVATIONS, body):
        chain.carts.append(held["reservation_id"])


async def a_cart_is_given_up(chain: Chain, dice: Dice) -> None:
    if chain.carts:
        await chain.attempt(f"{RESERVATIONS}/{dice.one_of(chain.carts)}/release")


async def a_customer_orders_to_their_door(chain: Chain, dice: Dice) -> None:
    destination = {"country": "JP", "latitude": 35.0 + dice.number(0, 7) / 10, "longitude": 139.0}
    fulfilment = {"method": "ship", "destination": destination}
    fulfilment |= {"policy": dice.one_of(("fewest_splits", "in_order", "single_location"))}
    cart = {"reservation_id": dice.one_of(chain.carts)} if chain.carts and dice.once_in(4) else {}
    await _order(chain, dice, {"fulfilment": fulfilment} | cart)


async def a_customer_orders_to_collect(chain: Chain, dice: Dice) -> None:
    fulfilment: dict[str, Any] = {"method": "pickup", "location_id": dice.one_of(STORES)}
    if dice.once_in(3):
        fulfilment["ship_to_store"] = True
    else:
        if dice.once_in(2):
            fulfilment["alternatives"] = True
        if dice.once_in(3):
            fulfilment["slot"] = {"starts_at": _slot(chain, dice)}
    await _order(chain, dice, {"fulfilment": fulfilment})


async def a_customer_preorders(chain: Chain, dice: Dice) -> None:
    lines = [{"sku": AWAITED, "quantity": dice.number(1, 3), "unit_price": PRICE}]
    ship = {"method": "ship", "destination": {"country": "JP"}}
    body = {"channel": "web", "currency": "JPY", "lines": lines, "fulfilment": ship, "backorder": True}
    if placed := await chain.attempt(ORDERS, body):
        chain.orders.append(placed["order_id"])


async def an_order_is_cancelled(chain: Chain, dice: Dice) -> None:
    if chain.orders:
        path = f"{ORDERS}/{dice.one_of(chain.orders)}"
        line = dice.one_of((await chain.ask("GET", path))["lines"])
        part = {"lines": [{"sku": line["sku"], "quantity": 1}]} if dice.once_in(2) else {}
        await chain.attempt(f"{path}/cancel", {"reason": "ordered twice"} | part)


async def an_order_is_amended(chain: Chain, dice: Dice) -> None:
    if chain.orders:
        path = f"{ORDERS}/{dice.one_of(chain.orders)}"
        order = await chain.ask("GET", path)
        line = dice.one_of(order["lines"])
        body: dict[str, Any] = {
            "reason": "one is enough",
            "lines": [{"sku": line["sku"], "quantity": dice.number(0, 2)}],
        }
        if order["fulfilment"]["method"] == "ship" and dice.once_in(2):
            body["destination"] = {"country": "JP", "latitude": 35.4, "longitude": 139.0}
        await chain.attempt(f"{path}/amend", body, "invalid_request")


async def goods_come_back(chain: Chain, dice: Dice) -> None:
    if chain.orders:
        order = await chain.order(dice.one_of(chain.orders))
        line = {"sku": dice.one_of(order["lines"])["sku"], "quantity": dice.number(1, 2)}
        line |= {"condition": dice.one_of(("sellable", "damaged"))}
        body = {"location_id": dice.one_of(STORES), "lines": [line], "reason": "too small"}
        await chain.attempt(f"{ORDERS}/{order['order_id']}/returns", body)


async def a_receipt_comes_back_elsewhere(chain: Chain, dice: Dice) -> None:
    """At another store or by post; sometimes more often than it was sold, sometimes without the receipt."""
    if chain.sold:
        sold = dice.one_of(chain.sold).event["data"]
        receipt = {name: sold[name] for name in ("location_id", "till_id", "receipt_id")}
        line = {"sku": sold["lines"][0]["sku"], "quantity": dice.number(1, 2)}
        line |= {"condition": dice.one_of(("sellable", "damaged"))}
        body = {"location_id": dice.one_of(STORES), "lines": [line]} | ({} if dice.once_in(4) else {"receipt": receipt})
        await chain.attempt("/inventory/v1/returns", body)


async def _order(chain: Chain, dice: Dice, body: dict[str, Any]) -> None:
    lines = [line | {"unit_price": PRICE} for line in _basket(dice)]
    prefer = {"prefer": "wait=2"} if dice.once_in(2) else {}
    body |= {"channel": dice.one_of(CHANNELS), "currency": "JPY", "lines": lines}
    if dice.once_in(3) and not {"slot", "ship_to_store"} & body["fulfilment"].keys():
        body["backorder"] = True
    placed = await chain.attempt(ORDERS, body, **prefer)
    if placed is not None:
        chain.orders.append(placed["order_id"])


def _slot(chain: Chain, dice: Dice) -> str:
    """A half hour of tomorrow, from 11:00 in Tokyo: few, so that they fill."""
    tomorrow = chain.clock() + timedelta(days=1)
    return rfc3339(tomorrow.replace(hour=2, minute=dice.one_of((0, 30)), second=0, microsecond=0))


def _basket(dice: Dice) -> list[dict[str, Any]]:
    first, second = dice.number(0, len(SKUS) - 1), dice.number(0, len(SKUS) - 1)
    return [{"sku": SKUS[number], "quantity": dice.number(1, 4)} for number in {first, second}]
