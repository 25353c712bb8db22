"""The reference till: what it called sold counts exactly once, whatever is killed, away, replaced or wrong."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from tests.conditions import eventually_async
from tests.system.clerk import Clerk, sold
from tests.system.conftest import end
from tests.system.installation import Installation
from tests.system.test_compose import free_port

KILLS = 100
LINES = 30
SKUS = ("A1", "B2", "C3")
OPENING = 100_000
NOTHING_LEFT = "0 not sent yet, 0 rejected; all is in the journal"


class Shop:
    """A store of its own in an installation, and the tills that stand in it."""

    def __init__(self, here: Installation, directory: Path, name: str) -> None:
        self.here, self.name, self._directory = here, name, directory

    async def open(self) -> "Shop":
        """Put the location and its opening stock."""
        place = {"name": self.name, "kind": "store", "ships": True, "offers_pickup": True}
        receipts = [
            {"id": f"{self.name}-{sku}", "kind": "receipt", "sku": sku, "location_id": self.name}
            | {"quantity": OPENING, "occurred_at": "2026-01-05T08:00:00Z"}
            for sku in SKUS
        ]
        async with self.here.client("operator") as operator:
            (await operator.put(f"/inventory/v1/locations/{self.name}", json=place)).raise_for_status()
            for sku in SKUS:
                (await operator.put(f"/inventory/v1/items/{sku}", json={"name": sku})).raise_for_status()
            answer = await operator.post("/inventory/v1/stock/movements", json={"movements": receipts})
            answer.raise_for_status()
        return self

    def clerk(self, *options: str, till: str = "2", journal: str = "till.sqlite", token: str | None = None) -> Clerk:
        token = self.here.token("till", self.name) if token is None else token
        return Clerk(self._directory / journal, self.here.url, token, self.name, till, *options)

    async def on_hand(self, sku: str) -> int:
        async with self.here.client("operator") as operator:
            levels = (await operator.get(f"/inventory/v1/stock/{sku}")).json()["locations"]
        return int(next(level["on_hand"] for level in levels if level["location_id"] == self.name))

    async def ledger(self) -> list[dict[str, Any]]:
        """Every entry of a till in the store."""
        entries: list[dict[str, Any]] = []
        async with self.here.client("operator") as operator:
            for sku in SKUS:
                cursor: str | None = ""
                while cursor is not None:
                    page = {"location_id": self.name, "limit": "500", **({"cursor": cursor} if cursor else {})}
                    answer = (await operator.get(f"/inventory/v1/stock/{sku}/ledger", params=page)).json()
                    entries += answer["items"]
                    cursor = answer["next_cursor"]
        return [entry for entry in entries if "/tills/" in entry["cause"]["source"]]

    async def tills(self) -> dict[str, dict[str, Any]]:
        async with self.here.client("operator") as operator:
            answer = await operator.get("/inventory/v1/tills", params={"location_id": self.name})
        return {till["source"]: till for till in answer.json()["items"]}


@pytest.fixture
async def shop(shared_installation: Installation, tmp_path: Path) -> Shop:
    return await Shop(shared_installation, tmp_path, f"S{uuid4().hex[:8]}").open()


async def test_kill_9_at_100_random_points_loses_no_sold_line_and_counts_none_twice(shop: Shop) -> None:
    chance = Random(4)
    clerk = shop.clerk()
    said: list[str] = []
    for number in range(KILLS):
        clerk.start().type(*(f"{chance.choice(SKUS)} {chance.randint(1, 3)}" for _ in range(LINES)))
        if number % 2:  # while it starts, opens its journal, begins to sell
            wait_up_to(clerk.process, chance.uniform(0, 0.9))
        else:  # while it sells, and while it sends
            said += clerk.reads(chance.randint(1, LINES), "sold ")
            wait_up_to(clerk.process, chance.choice((0.002, 0.05)) * chance.random())
        said += clerk.kill()
    assert clerk.start().end("quit")[-1] == NOTHING_LEFT

    journalled = clerk.events()
    receipts = {event.receipt for event in journalled}
    assert len(set(sold(said))) == len(list(sold(said)))
    assert set(sold(said)) <= receipts
    assert 0 < len(receipts) < KILLS * LINES, "it was never, or not once killed while it sold"
    await assert_each_counts_once(shop, clerk)


def wait_up_to(process: subprocess.Popen[str], seconds: float) -> None:
    """Let the process go on until a moment that chance has chosen."""
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(seconds)


async def assert_each_counts_once(shop: Shop, *clerks: Clerk) -> None:
    """What the journals hold is in the ledger, each event once, and nothing else."""
    expected: Counter[tuple[str, str, str, int]] = Counter()
    for clerk in clerks:
        source = clerk.source(shop.name, "2")
        for event in clerk.events():
            for line in json.loads(event.data)["lines"]:
                expected[source, event.id, line["sku"], line["quantity"]] += 1
        told = (await shop.tills())[source]
        assert (told["last_sequence"], told["missing_sequences"]) == (len(clerk.events()), [])
    assert set(expected.values()) == {1}
    assert Counter(map(identity, await shop.ledger())) == expected


def identity(entry: dict[str, Any]) -> tuple[str, str, str, int]:
    return entry["cause"]["source"], entry["cause"]["id"], entry["sku"], entry["quantity"]


async def test_a_file_that_was_killed_goes_on_after_its_last_line(shop: Shop, tmp_path: Path) -> None:
    chance = Random(5)
    lines = [f"{chance.choice(SKUS)} {chance.randint(1, 3)}" for _ in range(200)]
    (tmp_path / "sales.txt").write_text("\n".join(["# a day's sales", *lines, ""]))
    clerk = shop.clerk("--file", str(tmp_path / "sales.txt"))
    for _ in range(8):
        clerk.start().reads(chance.randint(1, 20), "sold ")
        clerk.kill()
    assert clerk.start().end()[-1] == NOTHING_LEFT
    quantities = [json.loads(event.data)["lines"][0] for event in clerk.events()]
    assert [f"{line['sku']} {line['quantity']}" for line in quantities] == lines
    assert clerk.start().end() == [NOTHING_LEFT], "it was sold again"
    await assert_each_counts_once(shop, clerk)


async def test_a_till_without_a_network_sells_and_catches_up(tmp_path: Path) -> None:
    here = Installation(tmp_path / "zaiko", "--port", str(free_port()))
    here.start()
    try:
        shop = await Shop(here, tmp_path, "S1").open()
        clerk = shop.clerk()
        here.kill()
        clerk.start().type("A1 2", "B2", "A1 5")
        said = clerk.reads(3, "sold ")
        here.start()
        said += clerk.end(f"void {list(sold(said))[2]}")
        assert sum("does not answer" in line for line in said) == 1, "once is enough"
        assert said[-1] == NOTHING_LEFT
        assert (await shop.on_hand("A1"), await shop.on_hand("B2")) == (OPENING - 2, OPENING - 1)
    finally:
        end(here)


async def test_a_till_that_was_replaced_begins_at_1_and_is_not_taken_for_the_old_one(shop: Shop) -> None:
    old, new = shop.clerk(), shop.clerk(journal="new.sqlite")
    for clerk in (old, new):
        assert clerk.start().end("A1", "A1", "A1")[-1] == NOTHING_LEFT
        assert [event.sequence for event in clerk.events()] == [1, 2, 3]
    assert await shop.on_hand("A1") == OPENING - 6
    await assert_each_counts_once(shop, old, new)


async def test_returns_voids_counts_and_deliveries_take_effect(shop: Shop) -> None:
    clerk = shop.clerk()
    (receipt,) = sold(clerk.start().end("A1 2 B2 3", "quit"))
    said = clerk.start().end(f"void {receipt}", "return A1 1", "receive B2 7", "count C3 12", "stock A1 B2 C3")
    assert [line.split()[0] for line in said[:4]] == ["voided", "returned", "received", "counted"]
    assert said[-1] == NOTHING_LEFT
    assert [await shop.on_hand(sku) for sku in SKUS] == [OPENING + 1, OPENING + 7, 12]
    again = clerk.start().end(f"void {receipt}", "void 2-none-1", "quit")
    assert [line.partition(": ")[2] for line in again[:2]] == [
        "no such sale in this journal, or it is voided already"
    ] * 2


async def test_json_takes_all_that_an_event_may_hold(shop: Shop) -> None:
    clerk = shop.clerk()
    price = {"amount": 1290, "currency": "JPY"}
    sale = {"receipt_id": "R-1", "member_id": "900", "lines": [{"sku": "A1", "quantity": 2, "unit_price": price}]}
    said = clerk.start().end(f"sell {json.dumps(sale)}", f"sell {json.dumps(sale)}", "void R-1")
    assert (said[0], said[-2], said[-1]) == ("sold R-1", "voided R-1", NOTHING_LEFT)
    assert "UNIQUE" in said[1]
    assert await shop.on_hand("A1") == OPENING


@pytest.mark.parametrize(
    "line", ["stok", "A1 0", "A1 -1", "A1 1 B2", "A1 100000", "count A1", "sell {}", 'sell {"lines": [NaN]}', "é1 1"]
)
async def test_what_makes_no_sense_is_said_and_is_no_sale(line: str, shop: Shop) -> None:
    clerk = shop.clerk()
    said = clerk.start().end(line, "quit")
    assert said[0].startswith(f"{line}: ")
    assert said[1:] == [NOTHING_LEFT]


async def test_what_is_rejected_is_shown_and_not_sent_again(shop: Shop, tmp_path: Path) -> None:
    nowhere = Shop(shop.here, tmp_path, "S404").clerk(journal="nowhere.sqlite")
    said = nowhere.start().end("A1 2", "quit")
    (receipt,) = sold(said)
    rejected = next(line for line in said if line.startswith("REJECTED"))
    assert rejected == f"REJECTED {receipt}: unknown_location: /location_id: there is no location S404"
    assert said[-1].startswith("0 not sent yet, 1 rejected")
    assert nowhere.start().end("quit") == ["0 not sent yet, 1 rejected; all is in the journal"]


async def test_what_the_gateway_cannot_take_is_rejected_alone(shop: Shop) -> None:
    clerk = shop.clerk()
    counted = {"lines": [{"sku": f"{'X' * 58}{number}", "quantity": 1} for number in range(60_000)]}
    assert len(json.dumps(counted)) > 4 * 1024 * 1024
    said = clerk.start().end("A1", "A1", f"count {json.dumps(counted)}", "A1", "quit")
    assert [line.split(": ")[1] for line in said if line.startswith("REJECTED")] == ["413"]
    assert said[-1].startswith("0 not sent yet, 1 rejected")
    assert await shop.on_hand("A1") == OPENING - 3


async def test_a_wrong_token_is_told_and_the_right_one_sends_what_was_sold(shop: Shop) -> None:
    said = shop.clerk("--wait", "0", token="nonsense").start().end("A1", "quit")
    assert said[-1].startswith("1 not sent yet")
    clerk = shop.clerk(token="nonsense").start()
    assert "the token is not accepted (401); see --token" in clerk.reads(1, "token")[-1]
    clerk.type("A1")
    clerk.reads(1, "sold ")
    clerk.kill()
    assert shop.clerk().start().end("quit")[-1] == NOTHING_LEFT
    assert await shop.on_hand("A1") == OPENING - 2


async def test_a_second_process_on_a_journal_and_another_till_are_refused(shop: Shop) -> None:
    first = shop.clerk().start()
    first.type("A1")
    first.reads(1, "sold ")
    refused = shop.clerk().start()
    assert refused.end() == [f"zaiko: cannot use the journal {refused.journal}: another till has it open"]
    assert refused.process.returncode == 1
    first.end("quit")
    other = shop.clerk(till="3").start().end()
    assert other == [f"zaiko: cannot use the journal {first.journal}: it is that of till {shop.name}/2"]


async def test_the_clerk_sees_what_is_promised_online(shop: Shop) -> None:
    clerk = shop.clerk().start()
    clerk.type("A1 3")
    assert clerk.reads(1, "on hand")[-1] == f"   A1: {OPENING - 3} on hand, 0 promised, {OPENING - 3} available"
    hold = {"reference": uuid4().hex, "channel": "web", "lines": [{"sku": "A1", "quantity": 2}]}
    hold["sourcing"] = {"policy": "in_order", "candidates": [shop.name]}
    async with shop.here.client("storefront") as storefront:
        (await storefront.post("/inventory/v1/reservations", json=hold)).raise_for_status()
    level = f"   A1: {OPENING - 3} on hand, 2 promised, {OPENING - 5} available"
    assert clerk.reads(1, "on hand")[-1] == level
    assert level in clerk.end("stock", "quit")


@pytest.mark.kafka
async def test_over_kafka_what_was_sold_counts_once_as_well(tmp_path: Path, kafka_bootstrap: str) -> None:
    prefix = f"{uuid4().hex}."
    here = Installation(
        tmp_path / "zaiko", "--bus", "kafka", "--kafka-bootstrap", kafka_bootstrap, topic_prefix=prefix
    ).start()
    try:
        shop = await Shop(here, tmp_path, "S1").open()
        way = ("--bus", "kafka", "--kafka-bootstrap", kafka_bootstrap, "--topic", f"{prefix}zaiko.tills")
        chance = Random(6)
        clerk = shop.clerk(*way)
        for _ in range(5):
            clerk.start().type(*(f"{chance.choice(SKUS)} {chance.randint(1, 3)}" for _ in range(LINES)))
            clerk.reads(chance.randint(1, LINES), "sold ")
            clerk.kill()
        assert clerk.start().end("quit")[-1] == NOTHING_LEFT
        await eventually_async(lambda: is_through(shop, clerk))
        await assert_each_counts_once(shop, clerk)
    finally:
        end(here)


async def is_through(shop: Shop, clerk: Clerk) -> bool:
    told = (await shop.tills()).get(clerk.source(shop.name, "2"))
    return told is not None and told["last_sequence"] == len(clerk.events())
