"""The page on the store feed, its commands run as they are written."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.conditions import eventually
from tests.system.installation import ZAIKO, Installation

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "store-feed.md").read_text()


def script(here: Installation) -> str:
    """The shell commands of the HTTP way, on this installation."""
    written = re.findall(r"```sh\n(.*?)```", PAGE.split("## Over HTTP\n", 1)[1].split("\n## ", 1)[0], re.DOTALL)
    token = f"{' '.join(ZAIKO)} token --data-dir {here.data_dir}"
    return "\n".join(written).replace(".venv/bin/zaiko token", token).replace("http://127.0.0.1:8000", here.url)


@contextmanager
def running(commands: str, place: Path) -> Iterator[subprocess.Popen[str]]:
    """A shell in a directory of its own; on leaving it ends with all that it started."""
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    command = ["bash", "-euc", commands]
    shell = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=place, env=environment, start_new_session=True
    )
    try:
        yield shell
    finally:
        os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()


async def receive(operator: httpx.AsyncClient, delivery: str, quantity: int) -> None:
    movement = {
        "id": delivery,
        "kind": "receipt",
        "sku": "A",
        "location_id": "S367",
        "quantity": quantity,
        "occurred_at": "2017-11-20T09:00:00Z",
    }
    (await operator.post("/inventory/v1/stock/movements", json={"movements": [movement]})).raise_for_status()


async def test_a_screen_begins_with_the_snapshot_and_hears_what_comes_after(
    shared_installation: Installation, tmp_path: Path
) -> None:
    async with shared_installation.client("operator") as operator:
        shop = {"name": "Ginza", "kind": "store", "ships": True, "offers_pickup": True}
        (await operator.put("/inventory/v1/locations/S367", json=shop)).raise_for_status()
        (await operator.put("/inventory/v1/items/A", json={"name": "A"})).raise_for_status()
        await receive(operator, "first", 12)
        with running(script(shared_installation), tmp_path) as screen:
            await eventually(lambda: (tmp_path / "stock.json").exists() or screen.poll() is not None)
            await receive(operator, "second", 5)
            assert screen.stdout is not None
            told = next(line for line in screen.stdout if line.startswith("data: {"))
    begun = json.loads((tmp_path / "stock.json").read_text())
    assert [(level["sku"], level["on_hand"]) for level in begun["items"]] == [("A", 12)]
    assert json.loads(told.removeprefix("data: "))["on_hand"] == 17
