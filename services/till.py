"""A till to copy: the reference client for whoever connects a cash register to Zaiko.

It needs Python 3.11 and httpx (aiokafka to speak to Kafka), and nothing else of Zaiko.

- What it called sold is never lost: `Journal.add` has it on the disk before a word is said, whatever is killed then.
- Nothing counts twice: an event keeps its id, and Zaiko takes a (source, id) once. So sending again is always right.
- Selling never waits for the network: sending, and the live stock, have their own threads.
"""

import asyncio
import hashlib
import json
import logging
import random
import re
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

KINDS = {"sell": "sale", "void": "void", "return": "return", "count": "count", "receive": "receipt"}
SAID = {"sell": "sold", "void": "voided", "return": "returned", "count": "counted", "receive": "received"}
HELP = """\
995242 2        sell two; with more items on the receipt: 995242 2 871756 1
void RECEIPT    take a sale back as if it had not been
return SKU N    goods came back; count SKU N: so many lie on the shelf; receive SKU N: so many were delivered
sell {JSON}     the event's data, with all that it may hold; return, count and receive likewise
stock [SKU …]   what is here and what of it is promised; without SKU: of all that was touched
quit            or Ctrl-D. A first word without a digit is a command: to sell such an item, write sell SKU N"""
LEVEL = "   {sku}: {on_hand} on hand, {reserved} promised, {available} available"
BATCH_LIMIT, MESSAGE_BYTES_LIMIT = 500, 16 * 1024 * 1024
LOOK_AGAIN_S, FIRST_RETRY_S, RETRY_LIMIT_S, RETRY_AFTER_LIMIT_S = 0.05, 0.5, 30.0, 300.0
TIMEOUT_S, STREAM_SILENCE_S, STREAM_RETRY_S = 15.0, 45.0, 3.0
_TABLES = """BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS till (one INTEGER PRIMARY KEY, name TEXT, epoch TEXT);
CREATE TABLE IF NOT EXISTS events (sequence INTEGER PRIMARY KEY, id TEXT, type TEXT, receipt TEXT, time TEXT,
    data TEXT, file TEXT, line INTEGER, sent_at TEXT, rejected TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS sales ON events (receipt) WHERE type = 'zaiko.till.sale.v1';
CREATE INDEX IF NOT EXISTS unsent ON events (sequence) WHERE sent_at IS NULL; COMMIT"""
_OPEN_SALE = """SELECT json_extract(data, '$.lines') FROM events WHERE receipt = ?1 AND type = 'zaiko.till.sale.v1'
    AND NOT EXISTS (SELECT * FROM events WHERE receipt = ?1 AND type = 'zaiko.till.void.v1')"""
Event = Mapping[str, Any]
Send = Callable[[Sequence[Event]], Mapping[str, str]]
"""Sends events; answers why some were rejected, by id: all others were taken. Raises NotTaken."""


def say(text: str) -> None:
    is_between = sys.stdin.isatty() and threading.current_thread() is not threading.main_thread()
    print(f"\r{text}\n> " if is_between else f"{text}\n", end="", flush=True)  # one write: no two are mixed


class NotTaken(Exception):
    """Why the events did not arrive this time, and the seconds to let pass at least."""


class Journal:
    """Every event of one till, in a file that one process at a time can open. A new one is a new epoch of the till:
    it numbers from 1, under a source of its own."""

    def __init__(self, path: Path, location: str, till: str) -> None:
        self._lock, self.location, self.till = threading.Lock(), location, till
        self._file = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
            self.run(f"PRAGMA {setting}")
        self._file.executescript(_TABLES)
        self.run("INSERT OR IGNORE INTO till VALUES (1, ?, ?)", f"{location}/{till}", secrets.token_hex(4))
        ((owner, self.epoch),) = self.run("SELECT name, epoch FROM till")
        if owner != f"{location}/{till}":
            raise ValueError(f"it is that of till {owner}")

    def run(self, statement: str, *parameters: Any) -> list[Any]:
        """A statement's rows; what it changed is on the disk then."""
        with self._lock:
            return self._file.execute(statement, parameters).fetchall()

    def add(self, verb: str, data: Event, file: str, line: int) -> str:
        """Commit an event; its receipt number. Raises IntegrityError where that was sold before."""
        ((sequence,),) = self.run("SELECT coalesce(max(sequence), 0) + 1 FROM events")
        receipt = str(data.get("receipt_id", f"{self.till[:32]}-{self.epoch}-{sequence}"))
        mine = {"location_id": self.location, "till_id": self.till, "receipt_id": receipt}
        body, at = json.dumps({**data, **mine}, allow_nan=False), datetime.now(UTC).isoformat()
        row = (sequence, str(uuid4()), f"zaiko.till.{KINDS[verb]}.v1", receipt, at, body, file, line)
        self.run("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)", *row)
        return receipt

    def unsent(self) -> list[Event]:
        """The oldest events that were not taken yet, in the JSON format of CloudEvents."""
        source = f"/locations/{self.location}/tills/{self.till}/epochs/{self.epoch}"
        fixed = {"specversion": "1.0", "source": source, "sentat": datetime.now(UTC).isoformat()}
        oldest = "SELECT sequence, id, type, time, data FROM events WHERE sent_at IS NULL ORDER BY sequence LIMIT ?"
        return [
            {**fixed, "sequence": str(number), "id": id_, "type": kind, "time": at, "data": json.loads(data)}
            for number, id_, kind, at, data in self.run(oldest, BATCH_LIMIT)
        ]


def over_https(client: httpx.Client, events: Sequence[Event]) -> Mapping[str, str]:
    """To the till gateway. 202: every event is in the ledger, or rejected with its reason."""
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    try:
        answer = client.post("/v1/events", content=json.dumps(events), headers=headers)
        if answer.status_code == 202:
            return {event["id"]: f"{event['code']}: {event['detail']}" for event in answer.json()["rejected"]}
    except (httpx.HTTPError, ValueError, LookupError) as error:
        raise NotTaken(f"{client.base_url} does not answer ({error})", 0) from error
    if answer.status_code in (400, 413, 422):  # not together, so in halves; one that cannot be taken alone is rejected
        if len(events) == 1:
            return {events[0]["id"]: f"{answer.status_code}: {answer.text}"}
        middle = len(events) // 2
        return {**over_https(client, events[:middle]), **over_https(client, events[middle:])}
    if answer.status_code in (401, 403):
        raise NotTaken(f"the token is not accepted ({answer.status_code}); see --token", RETRY_LIMIT_S)
    after = answer.headers.get("retry-after", "")
    raise NotTaken(f"{client.base_url} answers {answer.status_code}", float(after) if after.isdigit() else 0)


def over_kafka(servers: str, topic: str, events: Sequence[Event]) -> Mapping[str, str]:
    """To the topic, in binary content mode. What the brokers have acknowledged, Zaiko will apply."""
    from aiokafka import AIOKafkaProducer
    from aiokafka.errors import KafkaError

    async def publish() -> None:
        options = {"acks": "all", "enable_idempotence": True, "max_request_size": MESSAGE_BYTES_LIMIT}
        producer = AIOKafkaProducer(bootstrap_servers=servers, **options)
        try:
            await producer.start()
            sent = []
            for event in events:
                headers = [(f"ce_{name}", str(event[name]).encode()) for name in event if name != "data"]
                headers.append(("content-type", b"application/json"))
                key, value = str(event["data"]["location_id"]).encode(), json.dumps(event["data"]).encode()
                sent.append(await producer.send(topic, value, key, headers=headers))
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # NotTaken says what went wrong
    try:
        asyncio.run(publish())
    except (KafkaError, OSError, ValueError) as error:
        raise NotTaken(f"{servers} does not answer ({error!r})", 0) from error
    return {}


def send_on(journal: Journal, send: Send) -> None:
    """Send what is left, the oldest first, for ever."""
    pause_s, told = FIRST_RETRY_S, ""
    while True:
        while not (events := journal.unsent()):
            time.sleep(LOOK_AGAIN_S)
        try:
            rejected = send(events)
        except NotTaken as fault:
            why, least_s = fault.args
            if why != told:
                say(f"{why}; what is sold is kept, and sent later")
            time.sleep(max(min(least_s, RETRY_AFTER_LIMIT_S), pause_s * random.uniform(0.5, 1)))
            pause_s, told = min(2 * pause_s, RETRY_LIMIT_S), why
            continue
        for event in (event for event in events if event["id"] in rejected):
            journal.run("UPDATE events SET rejected = ? WHERE id = ?", rejected[event["id"]], event["id"])
            say(f"REJECTED {event['data']['receipt_id']}: {rejected[event['id']]}")
        last = int(events[-1]["sequence"])
        journal.run("UPDATE events SET sent_at = datetime() WHERE sent_at IS NULL AND sequence <= ?", last)
        pause_s, told = FIRST_RETRY_S, ""


def watch(client: httpx.Client, location: str, touched: set[str]) -> None:
    """Show what becomes of the items that were touched, for ever; after a fault, from where it had come to."""
    position = ""
    while True:
        place: dict[str, Any] = {"params": {"location_id": location}, "headers": {"Last-Event-ID": position}}
        with suppress(httpx.HTTPError), client.stream("GET", "/v1/stream", timeout=STREAM_SILENCE_S, **place) as answer:
            position = position if answer.status_code != 422 else ""
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                position = value if name == "id" else position
                if name == "data" and (level := json.loads(value))["sku"] in touched:
                    say(LEVEL.format(**level))
        time.sleep(STREAM_RETRY_S * random.uniform(0.5, 1))


def stock(client: httpx.Client, location: str, sku: str) -> str:
    """What the server knows of an item here. Raises HTTPError."""
    answer = client.get(f"/v1/stock/{sku}")
    here = [level for level in answer.json().get("locations", ()) if level["location_id"] == location]
    return LEVEL.format(**{"sku": sku, **here[0]}) if here else f"   {sku}: nothing here ({answer.status_code})"


def read(journal: Journal, line: str) -> tuple[str, dict[str, Any]]:
    """The verb and the event's data of a line. Raises ValueError where it makes no sense."""
    verb, _, rest = ("sell", "", line) if re.match(r"\S*\d", line) else line.partition(" ")
    if verb not in KINDS:
        raise ValueError("no such command; help shows them")
    if rest.startswith("{"):
        return verb, json.loads(rest)
    if verb == "void":
        if not (sold := journal.run(_OPEN_SALE, rest)):
            raise ValueError("no such sale in this journal, or it is voided already")
        return verb, {"receipt_id": rest, "lines": json.loads(sold[0][0])}
    words = [rest, "1"] if verb == "sell" and " " not in rest else rest.split()
    none = "" if verb == "count" else "(?!0+ )"
    if not re.fullmatch(rf"([A-Za-z0-9._-]{{1,64}} {none}[0-9]{{1,5}} )+", " ".join(words) + " "):
        raise ValueError("items with whole numbers are expected, like: 995242 2")
    return verb, {"lines": [{"sku": sku, "quantity": int(n)} for sku, n in zip(words[::2], words[1::2], strict=True)]}


def take(journal: Journal, client: httpx.Client, touched: set[str], line: str, *origin: Any) -> str:
    """Do what a line asks for; what to say then."""
    verb, *words = line.split()
    if verb == "help":
        return HELP
    if verb == "stock":
        return "\n".join(stock(client, journal.location, sku) for sku in words or sorted(touched))
    verb, data = read(journal, line)
    touched |= {item["sku"] for item in data["lines"]}
    return f"{SAID[verb]} {journal.add(verb, data, *origin)}"


def run(journal: Journal, send: Send, client: httpx.Client, file: Path | None, wait_s: float) -> None:
    """Take what is typed, or the lines of a file, to its end; a file that was begun goes on after its last line."""
    touched: set[str] = set()
    threading.Thread(target=send_on, args=(journal, send), daemon=True).start()
    threading.Thread(target=watch, args=(client, journal.location, touched), daemon=True).start()
    prompt, text = "> " if sys.stdin.isatty() else "", file.read_text("utf-8-sig", "replace") if file else ""
    lines = [line.strip() for line in text.splitlines()]
    name = hashlib.sha256(text.encode()).hexdigest() if file else None
    done = journal.run("SELECT coalesce(max(line), 0) FROM events WHERE file = ?", name)[0][0]
    with suppress(EOFError, KeyboardInterrupt):
        for number, line in enumerate(lines[done:] if file else iter(lambda: input(prompt).strip(), "quit"), done + 1):
            try:
                if line and not line.startswith("#"):
                    said = take(journal, client, touched, line, name, number)
                    say(f"{said}   {number} of {len(lines)}" if file else said)
            except (ValueError, LookupError, TypeError, sqlite3.IntegrityError, httpx.HTTPError) as error:
                say(f"{line}: {error}")
    left, deadline = "SELECT count(*) - count(sent_at), count(rejected) FROM events", time.monotonic() + wait_s
    while journal.run(left)[0][0] and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN_S)
    touched.clear()  # so that `watch` is silent while the process ends
    say("{} not sent yet, {} rejected; all is in the journal".format(*journal.run(left)[0]))
