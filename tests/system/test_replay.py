"""`zaiko replay`: a slice of the real week, undisturbed and with a kill -9 in the middle."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conditions import eventually_async
from tests.system.conftest import end
from tests.system.installation import COMMAND_LIMIT_S, STOP_LIMIT_S, ZAIKO, Installation, zaiko

STORES = ("S367", "S406", "S292")
"""Three busy stores: till sales, pickups, parcels and refusals are all among their receipts."""
ORDERS_BEFORE_THE_KILL = 4


@pytest.fixture(scope="module")
def undisturbed(shared_installation: Installation) -> dict[str, str]:
    """The summary of a replay that nothing disturbed, row by row."""
    return _replay_to_the_end(shared_installation)


def test_every_line_is_accounted_for(undisturbed: dict[str, str]) -> None:
    parts = ["sold at tills", "ordered online", *(row for row in undisturbed if row.startswith("named:"))]
    assert sum(_number(undisturbed[part]) for part in parts) == _number(undisturbed["lines read"])
    assert undisturbed["accounted for = read"] == undisturbed["lines read"]
    assert _number(undisturbed["named: the log says quantity 0"]) > 0


def test_orders_are_confirmed_and_refused_and_bags_collected(undisturbed: dict[str, str]) -> None:
    for row in ("pickup confirmed", "ship confirmed", "ship rejected", "collected", "parcels shipped", "samples"):
        assert _number(undisturbed[row]) > 0, row


async def test_a_kill_in_the_middle_changes_nothing_of_the_final_stock(
    undisturbed: dict[str, str], installation: Installation
) -> None:
    with _replaying(installation):
        async with installation.client("operator") as operator:

            async def is_in_the_middle() -> bool:
                orders = (await operator.get("/orders/v1/orders", params={"limit": 500})).json()
                return len(orders["items"]) >= ORDERS_BEFORE_THE_KILL

            await eventually_async(is_in_the_middle, COMMAND_LIMIT_S)
            installation.kill()
    installation.start()
    resumed = _replay_to_the_end(installation)
    assert _number(resumed["known already"]) > 0, "the kill came before anything was played"
    assert _number(resumed["accepted"]) > 0, "the kill came after everything was played"
    for row in ("final stock, fingerprint", "lines read", "sold at tills", "ordered online", "parcels shipped"):
        assert resumed[row] == undisturbed[row], row


def test_a_second_replay_changes_nothing(undisturbed: dict[str, str], shared_installation: Installation) -> None:
    again = _replay_to_the_end(shared_installation)
    assert _number(again["accepted"]) == 0
    assert again["final stock, fingerprint"] == undisturbed["final stock, fingerprint"]


@pytest.mark.kafka
def test_the_final_stock_is_the_same_on_kafka(
    undisturbed: dict[str, str], kafka_bootstrap: str, tmp_path: Path
) -> None:
    options = ("--bus", "kafka", "--kafka-bootstrap", kafka_bootstrap)
    installation = Installation(tmp_path / "zaiko", *options, topic_prefix=f"test-{uuid4().hex}-")
    installation.start()
    try:
        rows = _replay_to_the_end(installation)
    finally:
        end(installation)
    assert rows["final stock, fingerprint"] == undisturbed["final stock, fingerprint"]


def test_an_installation_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    said = zaiko("replay", "--url", "http://127.0.0.1:9", "--data-dir", str(tmp_path))
    assert said.returncode == 1
    assert said.stderr.splitlines() == [
        "zaiko: nothing answers at http://127.0.0.1:9; `zaiko up` starts an installation"
    ]


def _command(installation: Installation) -> list[str]:
    stores = [argument for store in STORES for argument in ("--store", store)]
    return ["replay", "--url", installation.url, "--data-dir", str(installation.data_dir), *stores]


def _replay_to_the_end(installation: Installation) -> dict[str, str]:
    """Replay, check that all invariants hold, and answer the summary, row by row."""
    said = zaiko(*_command(installation))
    assert said.returncode == 0, said.stderr
    verified = installation.verify()
    assert verified.returncode == 0, verified.stdout
    return {
        found.group(1): found.group(2)
        for found in re.finditer(r"^│ +(\S.*?) +│ +(\S.*?) +│$", said.stdout, re.MULTILINE)
    }


@contextmanager
def _replaying(installation: Installation) -> Iterator[None]:
    """A replay in the background, killed on leaving."""
    process = subprocess.Popen([*ZAIKO, *_command(installation)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(STOP_LIMIT_S)


def _number(text: str) -> int:
    return int(text.replace(",", ""))
