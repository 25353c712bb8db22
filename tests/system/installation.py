"""An installation as an outsider has one: the `zaiko` command in processes of their own, and HTTP."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import httpx
import psutil

ZAIKO = [sys.executable, "-m", "services"]
COMMAND_LIMIT_S = 180
STOP_LIMIT_S = 60


def zaiko(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*ZAIKO, *arguments], capture_output=True, text=True, timeout=COMMAND_LIMIT_S, env=environment, check=False
    )


class Installation:
    """`zaiko up` on one data directory, started, killed and started again."""

    def __init__(self, data_dir: Path, *options: str, topic_prefix: str = "") -> None:
        self.data_dir = data_dir
        self.options = options
        self.environment = {**os.environ, "ZAIKO_TOPIC_PREFIX": topic_prefix}
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        return (self.data_dir.parent / f"{self.data_dir.name}.log").read_text()

    def launch(self) -> None:
        """Start it without waiting for it."""
        with (self.data_dir.parent / f"{self.data_dir.name}.log").open("a") as log:
            command = [*ZAIKO, "up", "--port", "0", "--data-dir", str(self.data_dir), *self.options]
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment
            )

    def start(self) -> "Installation":
        """Start it and read the line that says where it serves."""
        self.launch()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.fullmatch(r"ready (http://127\.0\.0\.1:\d+)\n", line)
        assert found, f"said {line!r}; its log: {self.log[-2_000:]}"
        self.url = found.group(1)
        return self

    def stop(self) -> int:
        """SIGTERM, and wait; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_LIMIT_S)

    def kill(self) -> None:
        """kill -9: the database server lives on, as it would on anybody's machine."""
        self.process.kill()
        self.process.wait(STOP_LIMIT_S)

    def processes(self) -> list[int]:
        """The living processes that work on the data directory: `zaiko up` itself and its PostgreSQL."""
        place = str(self.data_dir.resolve())
        return [process.pid for process in psutil.process_iter(["cmdline"]) if _mentions(process, place)]

    def verify(self) -> subprocess.CompletedProcess[str]:
        """`zaiko verify` on it, running or stopped."""
        return zaiko("verify", "--data-dir", str(self.data_dir), *self.options, environment=self.environment)

    def token(self, role: str, location: str | None = None) -> str:
        place = ["--location", location] if location else []
        said = zaiko("token", "--role", role, *place, "--data-dir", str(self.data_dir))
        assert said.returncode == 0, said.stderr
        return said.stdout.strip()

    def client(self, role: str, location: str | None = None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token(role, location)}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30, trust_env=False)


def _mentions(process: psutil.Process, place: str) -> bool:
    arguments: Iterable[str] = process.info["cmdline"] or ()
    return any(argument == place or argument.startswith(f"{place}/") for argument in arguments)
