"""The page "Connect a till in fifteen minutes": its commands are run as they are written, and print what it says."""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaProducer

from tests.conditions import eventually
from tests.conftest import require_kafka
from tests.system.test_compose import ROOT, free_port

PAGE = (ROOT / "docs" / "connect-a-till.md").read_text()
KAFKA = "## Over Kafka\n"
CHECKOUT = (".venv", "Makefile", "deploy", "pyproject.toml", "requirements-dev.lock")
END_OF_BLOCK = "-- end of block --"
NINE_LEFT = """until call "$ZAIKO_URL/inventory/v1/availability?sku=995242" |
  grep '"available":9,'; do sleep 1; done"""
START_LIMIT_S, BLOCK_LIMIT_S = 180, 120


class Block(NamedTuple):
    """What stands between two fences: `place` is the terminal, or empty for the one where all else happens."""

    kind: str
    place: str
    text: str


def blocks(page: str) -> list[Block]:
    return [Block(*parts) for parts in re.findall(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)]


class Desk:
    """Three terminals in what looks like a fresh checkout; the page's ports are free ones here."""

    def __init__(self, directory: Path) -> None:
        for part in CHECKOUT:
            (directory / part).symlink_to(ROOT / part)
        self._directory = directory
        self._ports = {"8000": str(free_port()), "9092": str(free_port())}
        self._running: list[subprocess.Popen[str]] = []
        self._logs: dict[str, Path] = {}
        self._shell = self._bash(["-e"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def type(self, text: str) -> str:
        """Run a block where all blocks before it ran, and what it printed. A command that fails ends the shell."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{self._here(text)}\necho; echo '{END_OF_BLOCK}'\n")
        self._shell.stdin.flush()
        printed: list[str] = []
        with giving_up(self._shell):
            for line in self._shell.stdout:
                if line.strip() == END_OF_BLOCK:
                    return "".join(printed)
                printed.append(line)
        raise AssertionError(f"a command failed, after it was printed:\n{''.join(printed)}\nin the block:\n{text}")

    async def start(self, place: str, text: str) -> None:
        """Run a block in a terminal of its own and leave it running, once it serves."""
        log = self._logs[place] = self._directory / f"{place} {len(self._running)}.log"
        with log.open("w") as output:
            process = self._bash(["-ec", self._here(text)], stdout=output)
        self._running.append(process)

        def serves() -> bool:
            assert process.poll() is None, f"it ended: {self.printed(place)[-2_000:]}"
            if text.startswith("make kafka"):
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", int(self._ports["9092"]))) == 0
            return re.search(r"^(ready http://|HTTP/1.1 200)", self.printed(place), re.MULTILINE) is not None

        await eventually(serves, START_LIMIT_S)

    def printed(self, place: str) -> str:
        return self._logs[place].read_text()

    async def produce(self, line: str) -> None:
        """What Kafka's console producer makes of a line: headers, key and value, parted by tabs."""
        headers, key, value = line.split("→")
        named = [name_and_value.partition(":")[::2] for name_and_value in headers.split(",")]
        async with AIOKafkaProducer(bootstrap_servers=f"127.0.0.1:{self._ports['9092']}") as producer:
            await producer.send_and_wait(
                "zaiko.tills",
                value.encode(),
                key.encode(),
                headers=[(name, header.encode()) for name, header in named],
            )

    def interrupt(self) -> None:
        """Ctrl-C in every terminal where something runs, the last first."""
        for process in reversed(self._running):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
        self._running.clear()

    def close(self) -> None:
        self._shell.kill()
        self._shell.communicate()
        self.interrupt()

    def _here(self, text: str) -> str:
        for port, free in self._ports.items():
            text = text.replace(port, free)
        return text

    def _bash(self, arguments: list[str], **streams: Any) -> subprocess.Popen[str]:
        broker = {"KAFKA_PORT": self._ports["9092"], "KAFKA_CONTROLLER_PORT": str(free_port())}
        broker["KAFKA_DATA_DIR"] = str(self._directory / "kafka")
        stated = {name: value for name, value in os.environ.items() if not name.startswith(("ZAIKO_", "KAFKA_BOOT"))}
        return subprocess.Popen(
            ["bash", *arguments],
            cwd=self._directory,
            env={**stated, **broker, "NO_PROXY": "127.0.0.1"},
            text=True,
            start_new_session=True,
            **{"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, **streams},
        )


@contextmanager
def giving_up(shell: subprocess.Popen[str]) -> Iterator[None]:
    """End the shell if a block takes longer than anybody would wait."""
    clock = threading.Timer(BLOCK_LIMIT_S, shell.kill)
    clock.start()
    yield
    clock.cancel()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path)
    yield opened
    opened.close()


async def follow(desk: Desk, page: str) -> None:
    said = ""
    for kind, place, text in blocks(page):
        if kind == "sh" and place:
            await desk.start(place, text)
        elif kind == "sh":
            said = desk.type(text)
        elif kind == "text" and place:
            await eventually(lambda place=place, text=text: not unprinted(text, desk.printed(place)))
        elif kind == "text":
            assert not unprinted(text, said), f"not printed: {unprinted(text, said)}\nbut:\n{said}"


def unprinted(stated: str, printed: str) -> list[str]:
    """The stated lines that were not printed, in their order; … stands for anything, and an epoch for any other."""
    left = printed
    missing = []
    for line in stated.splitlines():
        pattern = re.escape(line).replace("…", ".*").replace("3f9a1c07", "[0-9a-f]{8}")
        found = re.search(f"^{pattern}$", left, re.MULTILINE)
        if found is None:
            missing.append(line)
        else:
            left = left[found.end() :]
    return missing


async def test_the_page_leads_from_nothing_to_a_sale_that_the_web_shop_sees(desk: Desk) -> None:
    await follow(desk, PAGE.partition(KAFKA)[0])


@pytest.mark.kafka
async def test_the_page_leads_over_kafka_as_well(desk: Desk) -> None:
    require_kafka()
    await follow(desk, PAGE.partition(KAFKA)[0])
    desk.interrupt()
    await follow(desk, PAGE.partition(KAFKA)[2])
    (console,) = (block.text for block in blocks(PAGE) if block.kind == "console")
    await desk.produce(console.splitlines()[-1])
    desk.type(NINE_LEFT)


def test_a_wrong_command_or_a_wrong_word_on_the_page_is_noticed(desk: Desk) -> None:
    with pytest.raises(AssertionError, match="a command failed"):
        desk.type("true\nfalse\ntrue\n")
    assert unprinted("a 1\nb 3f9a1c07…\n", "a 1\nx\nb 00000000 and more\n") == []
    assert unprinted("a 1\nb\n", "b\na 1\n") == ["b"]
    assert unprinted("a\n", "a 1\n") == ["a"]
