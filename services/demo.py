"""`zaiko demo`: the main job from nothing to a verified end: start, replay, verify, look around."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType

from rich.console import Console

from services.faults import CannotGoOn
from services.installation import BusName
from services.replay.command import replay
from services.replay.player import Part
from services.up import require_broker
from services.verification.command import verify
from shared.embedded import token_secret
from shared.settings import ServiceSettings

STOP_LIMIT_S = 60
LOG_NAME = "up.log"
_FRESH_PREFIX = ".zaiko-demo-"

console = Console(highlight=False, soft_wrap=True)


def demo(*, bus: BusName, port: int, data_dir: Path | None, kafka_bootstrap_servers: str, leave: bool) -> bool:
    """Run it; True where every line is accounted for and every invariant holds. Raises CannotGoOn, NoServer.

    With `leave` it ends then, else it stays up until Ctrl-C. A data directory of its own is removed after a good end.
    """
    if bus == "kafka":
        require_broker(kafka_bootstrap_servers)
    place = data_dir or Path(mkdtemp(prefix=_FRESH_PREFIX, dir=Path.cwd()))
    settings = ServiceSettings(
        bus=bus,
        kafka_bootstrap_servers=kafka_bootstrap_servers,
        topic_prefix=_topic_prefix(place) if bus == "kafka" else "",
    )
    try:
        with _terminated_like_interrupted(), _running(place, port, settings) as (process, url):
            is_good = _play_and_verify(url, place, settings)
            if not leave:
                _stay(process, url, place)
    except KeyboardInterrupt:
        _remove(place, unless=data_dir)
        raise
    if is_good:
        _remove(place, unless=data_dir)
    else:
        console.print(f"kept for a closer look: {place} (the log of the services is {place / LOG_NAME})")
    return is_good


def _remove(place: Path, unless: Path | None) -> None:
    """Remove the demo's own place; one that was given is its giver's."""
    if place != unless:
        shutil.rmtree(place)


def _play_and_verify(url: str, data_dir: Path, settings: ServiceSettings) -> bool:
    console.print(f"[bold]Zaiko is up[/bold] at {url}, on {settings.bus}, in {data_dir}. Playing a week through it:\n")
    is_complete = replay(url, token_secret(data_dir), Part())
    console.print("\n[bold]The invariants[/bold]")
    all_hold = verify(settings, data_dir)
    verdict = "[green]All accounted for, all invariants hold.[/green]"
    if not (is_complete and all_hold):
        verdict = "[red]Something is wrong; see above.[/red]"
    console.print(f"\n{verdict}")
    return is_complete and all_hold


def _stay(process: subprocess.Popen[str], url: str, data_dir: Path) -> None:
    console.print(
        f"""
Have a look around:
  {url}/                    what there is
  {url}/inventory/docs      and /orders/docs, /pickup/docs
  TOKEN=$(zaiko token --role operator --data-dir {data_dir})
  curl -H "Authorization: Bearer $TOKEN" '{url}/inventory/v1/stock?location_id=S367'
Ctrl-C ends it.""",
        markup=False,
    )
    try:
        status = process.wait()
    except KeyboardInterrupt:
        return
    if status:
        raise CannotGoOn(f"the services ended by themselves; see {data_dir / LOG_NAME}")


@contextmanager
def _running(data_dir: Path, port: int, settings: ServiceSettings) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`zaiko up` in a process of its own, and its URL; stopped on leaving."""
    data_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "services", "up", "--port", str(port), "--data-dir", str(data_dir)]
    command += ["--bus", settings.bus, "--kafka-bootstrap", settings.kafka_bootstrap_servers]
    environment = {**os.environ, "ZAIKO_TOPIC_PREFIX": settings.topic_prefix}
    with (data_dir / LOG_NAME).open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment, text=True)
    try:
        assert process.stdout is not None
        said = process.stdout.readline().split()
        if said[:1] != ["ready"]:
            raise CannotGoOn(_last_line(data_dir / LOG_NAME))
        yield process, said[1]
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _last_line(log: Path) -> str:
    lines = log.read_text().splitlines()
    return lines[-1].removeprefix("zaiko: ") if lines else f"zaiko up ended without a word; see {log}"


def _topic_prefix(data_dir: Path) -> str:
    """Topics of this installation's own, so that no other demo's events on the same broker are taken for its."""
    return f"demo-{sha256(token_secret(data_dir).encode()).hexdigest()[:8]}-"


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM ends the demo the way Ctrl-C does: the services are stopped, not left behind."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)  # an event loop has its own way with that one

    # Named, because a shell starts what it puts into the background with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
