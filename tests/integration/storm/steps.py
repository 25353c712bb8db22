"""What happens in a storm, each a step: customers, tills, clerks, time, and machines that die.

A step may come at any moment, so what it asks for may be refused; what it is told is believed.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from shared.contracts.values import rfc3339
from tests.integration.storm.chain import CHANNELS, PRICE, SKUS, STORES, Chain, Sold
from tests.integration.storm.dice import Dice

Step = Callable[[Chain, Dice], Awaitable[None]]

RESERVATIONS = "/inventory/v1/reservations"
ORDERS = "/orders/v1/orders"
PICKUPS = "/pickup/v1/pickups"
TILL = {"content_type": "application/cloudevents+json"}


async def a_till_sells(chain: Chain, dice: Dice) -> None:
    """A fact, whatever was promised; now, or hours ago."""
    place, sku, quantity = dice.one_of(STORES), dice.one_of(SKUS), dice.number(1, 3)
    event = _till_event(chain, dice, "sale", place, sku, quantity)
    chain.sold.append(Sold(event, sku, quantity))
    await _tell(chain, event)


async def a_till_repeats_itself(chain: Chain, dice: Dice) -> None:
    if chain.sold:
        await _tell(chain, dice.one_of(chain.sold).event)


async def a_shelf_is_counted(chain: Chain, dice: Dice) -> None:
    place, sku, quantity = dice.one_of(STORES), dice.one_of(SKUS), dice.number(0, 6)
    await _tell(chain, _till_event(chain, dice, "count", place, sku, quantity))


async def goods_arrive(chain: Chain, dice: Dice) -> None:
    place, sku, quantity = dice.one_of(STORES), dice.one_of(SKUS), dice.number(1, 6)
    await _tell(chain, _till_event(chain, dice, "receipt", place, sku, quantity))


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
    if dice.once_in(2):
        fulfilment["alternatives"] = True
    if dice.once_in(3):
        fulfilment["slot"] = {"starts_at": _slot(chain, dice)}
    await _order(chain, dice, {"fulfilment": fulfilment})


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


async def a_store_will_not_give_it(chain: Chain, dice: Dice) -> None:
    if chain.orders:
        order = await chain.order(dice.one_of(chain.orders))
        for place in parcels(order):
            path = f"{ORDERS}/{order['order_id']}/allocations/{place}/reject"
            await chain.attempt(path, {"reason": "damaged on the shelf"}, role="store-staff", at=place)
            return


async def a_parcel_leaves(chain: Chain, dice: Dice) -> None:
    if chain.orders:
        order = await chain.order(dice.one_of(chain.orders))
        for place, lines in parcels(order).items():
            await chain.attempt(f"{ORDERS}/{order['order_id']}/shipments", {"location_id": place, "lines": lines})
            if dice.once_in(2):
                return


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


async def an_order_comes_back_at_a_till(chain: Chain, dice: Dice) -> None:
    if chain.orders:
        order = await chain.order(dice.one_of(chain.orders))
        sku = dice.one_of(order["lines"])["sku"]
        event = _till_event(chain, dice, "return", dice.one_of(STORES), sku, 1)
        event["data"] |= {"order_id": order["order_id"]}
        await _tell(chain, event)


async def goods_are_expected(chain: Chain, dice: Dice) -> None:
    """New ones, or the same on another day, or more or fewer of them."""
    number = dice.number(0, len(chain.expected))
    if number == len(chain.expected):
        chain.expected.append({"location_id": dice.one_of(STORES), "sku": dice.one_of(SKUS)})
    expected_at = rfc3339(chain.clock() + timedelta(hours=dice.one_of((2, 24, 90))))
    body = chain.expected[number] | {"quantity": dice.number(1, 8), "expected_at": expected_at}
    answer = await chain.answer("PUT", f"/inventory/v1/incoming/PO-{number}", body)
    assert answer.status_code in (200, 201, 409), answer.text


async def what_was_expected_arrives(chain: Chain, dice: Dice) -> None:
    if chain.expected:
        number = dice.number(0, len(chain.expected) - 1)
        goods = chain.expected[number]
        chain.told += 1
        movement = {
            "id": f"M{chain.told}",
            "kind": "receipt",
            "quantity": dice.number(1, 6),
            "reference": f"PO-{number}",
        }
        movement |= {"occurred_at": chain.now()} | goods
        await chain.ask("POST", "/inventory/v1/stock/movements", {"movements": [movement]})


async def a_channel_is_closed_and_opened(chain: Chain, dice: Dice) -> None:
    await chain.ask("POST", f"/inventory/v1/channels/delivery/{dice.one_of(('close', 'open', 'open'))}")


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


async def time_passes(chain: Chain, dice: Dice) -> None:
    chain.clock.advance(timedelta(minutes=dice.one_of((10, 30, 120, 24 * 60, 80 * 60))))


async def the_connections_break(chain: Chain, dice: Dice) -> None:
    await chain.cut_off()


async def the_services_restart(chain: Chain, dice: Dice) -> None:
    """With connections that break first, so that what was under way is lost, or without."""
    if dice.once_in(2):
        await chain.cut_off()
    await chain.fall()
    await chain.stand_up()


OFTEN: tuple[Step, ...] = (
    a_till_sells,
    goods_arrive,
    a_customer_orders_to_their_door,
    a_customer_orders_to_collect,
    a_clerk_works,
    a_clerk_works,
    a_clerk_works,
    a_parcel_leaves,
)
SOMETIMES: tuple[Step, ...] = (
    a_till_repeats_itself,
    a_shelf_is_counted,
    a_cart_is_filled,
    a_cart_is_given_up,
    a_channel_is_closed_and_opened,
    an_order_is_cancelled,
    an_order_is_amended,
    a_store_will_not_give_it,
    goods_come_back,
    a_receipt_comes_back_elsewhere,
    an_order_comes_back_at_a_till,
    goods_are_expected,
    what_was_expected_arrives,
    time_passes,
)
SELDOM: tuple[Step, ...] = (the_connections_break, the_services_restart)


def choose(dice: Dice) -> Step:
    if dice.once_in(3):
        return dice.one_of(SELDOM) if dice.once_in(16) else dice.one_of(SOMETIMES)
    return dice.one_of(OFTEN)


def parcels(order: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What is promised and has not left, by place."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for share in order["allocations"]:
        open_units = share["quantity"] - share["cancelled"] - share["handed_over"]
        if open_units:
            found[share["location_id"]].append({"sku": share["sku"], "quantity": open_units})
    return found


async def _order(chain: Chain, dice: Dice, body: dict[str, Any]) -> None:
    lines = [line | {"unit_price": PRICE} for line in _basket(dice)]
    prefer = {"prefer": "wait=2"} if dice.once_in(2) else {}
    body |= {"channel": dice.one_of(CHANNELS), "currency": "JPY", "lines": lines}
    if dice.once_in(3) and "slot" not in body["fulfilment"]:
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


async def _pick(chain: Chain, dice: Dice, bag: dict[str, Any]) -> None:
    for line in bag["lines"]:
        left = line["quantity"] - line["picked"] - line["short"] - line["cancelled"]
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


async def _tell(chain: Chain, event: dict[str, Any]) -> None:
    answer = await chain.ask("POST", "/inventory/v1/events", event, **TILL)
    assert answer["rejected"] == []


def _till_event(chain: Chain, dice: Dice, kind: str, place: str, sku: str, quantity: int) -> dict[str, Any]:
    chain.told += 1
    happened = chain.clock() - timedelta(minutes=dice.one_of((0, 0, 5, 120)))
    data: dict[str, Any] = {"location_id": place, "till_id": "1", "lines": [{"sku": sku, "quantity": quantity}]}
    if kind in ("sale", "return"):
        data["receipt_id"] = f"R{chain.told}"
    return {
        "specversion": "1.0",
        "id": str(chain.told),
        "source": f"/locations/{place}/tills/1",
        "type": f"zaiko.till.{kind}.v1",
        "time": rfc3339(happened),
        "data": data,
    }
