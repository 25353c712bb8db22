"""A day on which everything happens once that Zaiko has a word for."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from shared.contracts.values import rfc3339
from tests.integration.errands import (
    PRICE,
    SHOP,
    WAREHOUSES,
    bag_of,
    event,
    is_known,
    lines,
    order,
    ordered,
    ready,
    stock,
    tell,
    tell_by_bus,
)
from tests.integration.whole import Zaiko

TOO_MANY = 1_000
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


async def live_through(zaiko: Zaiko) -> None:
    """From the opening to the silence of a till; each chapter has an item of its own."""
    for number, place in enumerate((SHOP, *WAREHOUSES)):
        body = {"name": place, "kind": "store" if place == SHOP else "warehouse", "time_zone": "Asia/Tokyo"}
        body |= {"latitude": 35.0 + number, "longitude": 139.0, "ships": place != SHOP, "offers_pickup": place == SHOP}
        body |= {"groups": ["outlets"]}
        await zaiko.ask("PUT", f"/inventory/v1/locations/{place}", body)
    chapters: list[Callable[[Zaiko], Awaitable[None]]] = [
        the_tills,
        a_channel_that_is_limited,
        a_cart,
        an_order_that_is_shipped_and_comes_back,
        orders_that_end_early,
        goods_that_are_waited_for,
        a_bag_that_is_collected,
        a_bag_that_is_short,
        a_bag_that_is_sent_what_the_shop_has_not,
        a_warehouse_sells_what_was_promised,
        a_warehouse_will_not_give_what_it_promised,
        the_shop_sells_what_was_to_be_collected,
        what_comes_back,
        the_last_place_of_a_slot,
        what_lapses,
    ]
    for chapter in chapters:
        await chapter(zaiko)


async def the_tills(zaiko: Zaiko) -> None:
    """Every kind of till event, a number that never comes, and three that cannot take effect."""
    await stock(zaiko, "tea", SHOP)
    sold = lines("tea", 1)
    sold[0] |= {"unit_price": PRICE}
    receipt = {"till_id": "2", "receipt_id": "R1", "member_id": "900"}
    good = [
        event(zaiko, "sale", 1, **receipt, lines=sold),
        event(zaiko, "return", 2, **receipt, lines=[{**sold[0], "condition": "damaged"}]),
        event(zaiko, "void", 3, **receipt, lines=sold),
        event(zaiko, "count", 4, till_id="2", lines=lines("tea", 12)),
        event(zaiko, "receipt", 6, till_id="2", reference="D-1", lines=lines("tea", 3)),
    ]
    await tell(
        zaiko,
        *good,
        event(zaiko, "sale", 7, **receipt, lines=[]),
        event(zaiko, "lottery", 8, **receipt, lines=sold),
        {"id": "no CloudEvent"},
    )
    await tell_by_bus(zaiko, *good)


async def a_channel_that_is_limited(zaiko: Zaiko) -> None:
    """It is told with all that can be said of it, and closed; then an order of its own is refused."""
    limits = [{"location_group": "outlets", "sku": "tea", "buffer": 1, "share": 0.5, "cap": 5}]
    body = {"name": "Food delivery app", "hold_seconds": 600, "limits": limits}
    await zaiko.ask("PUT", "/inventory/v1/channels/delivery", body)
    await zaiko.ask("POST", "/inventory/v1/channels/delivery/close")
    refused = order("tea", 1) | {"channel": "delivery"}
    answer = await zaiko.answer("POST", "/orders/v1/orders", refused, headers={"prefer": "wait=10"})
    assert answer.status_code == 409, answer.text


async def a_cart(zaiko: Zaiko) -> None:
    """Reservations without an order: released, fulfilled."""
    await stock(zaiko, "rice", SHOP)
    for step in ("release", "fulfil"):
        body = {"reference": f"cart-{step}", "channel": "web", "lines": lines("rice", 1)}
        held = await zaiko.ask("POST", "/inventory/v1/reservations", body | {"sourcing": {"candidates": [SHOP]}})
        for change in ("confirm", step):
            await zaiko.ask("POST", f"/inventory/v1/reservations/{held['reservation_id']}/{change}")


async def an_order_that_is_shipped_and_comes_back(zaiko: Zaiko) -> None:
    await stock(zaiko, "salt", "W1")
    path = await ordered(zaiko, "salt", member_id="900")
    parcel = {"location_id": "W1", "lines": lines("salt", 2), "carrier": "Yamato", "tracking": "4912"}
    await zaiko.ask("POST", f"{path}/shipments", parcel)
    await zaiko.until(path, state="completed")
    back = {"location_id": SHOP, "lines": [{"sku": "salt", "quantity": 1, "condition": "damaged"}], "reason": "small"}
    await zaiko.ask("POST", f"{path}/returns", back)


async def orders_that_end_early(zaiko: Zaiko) -> None:
    await stock(zaiko, "soy", "W1")
    refused = await zaiko.answer("POST", "/orders/v1/orders", order("soy", TOO_MANY), headers={"prefer": "wait=10"})
    assert refused.status_code == 409, refused.text
    path = await ordered(zaiko, "soy")
    await zaiko.ask("POST", f"{path}/cancel", {"reason": "ordered twice"})
    await zaiko.until(path, state="cancelled")


async def goods_that_are_waited_for(zaiko: Zaiko) -> None:
    """An order waits for half of it; the day is moved, and then the goods arrive."""
    await stock(zaiko, "yuzu", "W1", 1)
    due = rfc3339(zaiko.clock() + timedelta(days=1))
    expected = {"location_id": "W1", "sku": "yuzu", "quantity": 1, "expected_at": due}
    await zaiko.ask("PUT", "/inventory/v1/incoming/PO-1", expected)
    body = order("yuzu", 2) | {"backorder": True, "member_id": "900"}
    placed = await zaiko.ask("POST", "/orders/v1/orders", body, headers={"prefer": "wait=10"})
    assert (placed["state"], placed["lines"][0]["promised_by"]) == ("backordered", due)
    path = f"/orders/v1/orders/{placed['order_id']}"
    later = rfc3339(zaiko.clock() + timedelta(days=2))
    await zaiko.ask("PUT", "/inventory/v1/incoming/PO-1", expected | {"available_from": later})
    await zaiko.until(path, awaited=[{"sku": "yuzu", "location_id": "W1", "quantity": 1, "promised_by": later}])
    receipt = {"id": "PO-1", "kind": "receipt", "sku": "yuzu", "location_id": "W1", "quantity": 1, "reference": "PO-1"}
    movements = {"movements": [receipt | {"occurred_at": rfc3339(zaiko.clock())}]}
    await zaiko.ask("POST", "/inventory/v1/stock/movements", movements)
    await zaiko.until(path, state="confirmed")


async def a_bag_that_is_collected(zaiko: Zaiko) -> None:
    order_path, bag = await ready(zaiko, "miso")
    code = (await zaiko.ask("GET", bag))["code"]
    await zaiko.ask("POST", f"{bag}/collect", {"code": code})
    await zaiko.until(order_path, state="completed")
    await zaiko.ask("POST", f"{bag}/rating", {"stars": 4, "words": "a short way"})


async def a_bag_that_is_short(zaiko: Zaiko) -> None:
    await stock(zaiko, "nori", SHOP)
    path = await ordered(zaiko, "nori", pickup=True)
    bag = await bag_of(zaiko, path)
    await zaiko.ask("POST", f"{bag}/start")
    await zaiko.ask("POST", f"{bag}/lines/nori/short", {"missing": 2, "reason": "not on the shelf"})
    await zaiko.until(path, state="cancelled")


async def a_bag_that_is_sent_what_the_shop_has_not(zaiko: Zaiko) -> None:
    await stock(zaiko, "natto", "W1")
    wanted = order("natto", 2, pickup=True)
    wanted["fulfilment"] |= {"ship_to_store": True}
    placed = await zaiko.ask("POST", "/orders/v1/orders", wanted, headers={"prefer": "wait=10"})
    path = f"/orders/v1/orders/{placed['order_id']}"
    bag = await bag_of(zaiko, path)
    (transfer,) = (await zaiko.ask("GET", "/pickup/v1/transfers?location_id=W1"))["items"]
    for step in ("send", "receive"):
        await zaiko.ask("POST", f"/pickup/v1/transfers/{transfer['transfer_id']}/{step}")
    await zaiko.ask("POST", f"{bag}/start")
    await zaiko.ask("POST", f"{bag}/lines/natto/pick", {"quantity": 2})
    await zaiko.ask("POST", f"{bag}/ready")
    await zaiko.until(path, state="ready_for_pickup")
    await zaiko.ask("POST", f"{bag}/cancel", {"reason": "moved away"})
    await zaiko.until(path, state="cancelled")


async def a_warehouse_sells_what_was_promised(zaiko: Zaiko) -> None:
    """The order is sourced from elsewhere by itself."""
    for place in WAREHOUSES:
        await stock(zaiko, "udon", place, 2)
    path = await ordered(zaiko, "udon")
    (promised,) = (await zaiko.ask("GET", path))["allocations"]
    await tell(zaiko, event(zaiko, "count", 1, promised["location_id"], lines=lines("udon", 0)))
    other = next(place for place in WAREHOUSES if place != promised["location_id"])

    await zaiko.until(path, allocations=[{**promised, "location_id": other}])


async def a_warehouse_will_not_give_what_it_promised(zaiko: Zaiko) -> None:
    """The customer has come to want one unit less; it is asked for from the other warehouse."""
    for place in WAREHOUSES:
        await stock(zaiko, "dashi", place, 2)
    path = await ordered(zaiko, "dashi")
    amended = await zaiko.ask("POST", f"{path}/amend", {"lines": lines("dashi", 1), "reason": "one is enough"})
    place = amended["allocations"][0]["location_id"]
    await zaiko.ask("POST", f"{path}/allocations/{place}/reject", {"reason": "damaged"})
    counts = {place: (1, 1), next(other for other in WAREHOUSES if other != place): (1, 0)}
    promised = [
        {"sku": "dashi", "location_id": other, "quantity": units, "cancelled": cancelled, "handed_over": 0}
        for other, (units, cancelled) in sorted(counts.items())
    ]
    await zaiko.until(path, allocations=promised)


async def the_shop_sells_what_was_to_be_collected(zaiko: Zaiko) -> None:
    """A customer collects at one shop: what is not there any more is given up, and the order ends."""
    await stock(zaiko, "soba", SHOP, 2)
    path = await ordered(zaiko, "soba", pickup=True)
    await bag_of(zaiko, path)
    await tell(zaiko, event(zaiko, "count", 9, till_id="2", lines=lines("soba", 0)))
    await zaiko.until(path, state="cancelled")


async def what_comes_back(zaiko: Zaiko) -> None:
    """Of an order, at a till, and one too many; and what a till sold, by post."""
    await stock(zaiko, "gyoza", "W1")
    path = await ordered(zaiko, "gyoza")
    await zaiko.ask("POST", f"{path}/shipments", {"location_id": "W1", "lines": lines("gyoza", 2)})
    returned = {"till_id": "2", "receipt_id": "R2", "order_id": path.rpartition("/")[2], "lines": lines("gyoza", 3)}
    sold = {"till_id": "2", "receipt_id": "R3", "lines": lines("gyoza", 1)}
    await tell(zaiko, event(zaiko, "return", 10, **returned), event(zaiko, "sale", 11, **sold))
    receipt = {"location_id": SHOP, "till_id": "2", "receipt_id": "R3"}
    back = {"location_id": "W1", "receipt": receipt, "lines": lines("gyoza", 1), "reason": "too spicy"}
    await zaiko.ask("POST", "/inventory/v1/returns", back)


async def the_last_place_of_a_slot(zaiko: Zaiko) -> None:
    """Two want it: one has it and gives it back, the other is told the next."""
    profile = {"opening_hours": {day: [{"opens": "00:00", "closes": "24:00"}] for day in WEEKDAYS}, "slot_capacity": 1}
    profile |= {"picking": {"seconds_per_order": 60, "seconds_per_line": 10}}
    await zaiko.ask("PUT", f"/pickup/v1/stores/{SHOP}", profile)
    await stock(zaiko, "sake", SHOP)
    tomorrow = (zaiko.clock() + timedelta(days=1)).replace(minute=30, second=0, microsecond=0)
    wanted = order("sake", 1, pickup=True)
    wanted["fulfilment"] |= {"slot": {"starts_at": rfc3339(tomorrow)}}
    had = await zaiko.ask("POST", "/orders/v1/orders", wanted, headers={"prefer": "wait=10"})
    refused = await zaiko.answer("POST", "/orders/v1/orders", wanted, headers={"prefer": "wait=10"})
    assert (had["state"], refused.json()["code"]) == ("confirmed", "slot_full")
    await zaiko.ask("POST", f"/orders/v1/orders/{had['order_id']}/cancel", {"reason": "no time"})
    await zaiko.until(f"/orders/v1/orders/{had['order_id']}", state="cancelled")


async def what_lapses(zaiko: Zaiko) -> None:
    """A hold, a bag that is late, one that nobody comes for, a till that says nothing until its gap was reported."""
    path, bag = await ready(zaiko, "ramen")
    await stock(zaiko, "mochi", SHOP)
    late = await bag_of(zaiko, await ordered(zaiko, "mochi", pickup=True))
    held = {"reference": "cart-lapsed", "channel": "web", "lines": lines("tea", 1), "sourcing": {"candidates": [SHOP]}}
    await zaiko.ask("POST", "/inventory/v1/reservations", held)
    zaiko.clock.advance(timedelta(hours=49))
    await is_known(zaiko, late, "late_at")
    await is_known(zaiko, bag, "reminded_at")
    zaiko.clock.advance(timedelta(hours=24))
    await zaiko.until(bag, state="expired")
    await zaiko.until(path, state="cancelled")


async def speak_again(zaiko: Zaiko) -> None:
    """The till of the first chapter, with the number that was missing; to be told once its gap was reported."""
    await tell(zaiko, event(zaiko, "count", 5, till_id="2", lines=lines("tea", 12)))
