"""A clerk at a till: the `zaiko till` process, fed by a pipe."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, NamedTuple

from tests.system.installation import ZAIKO

WAIT_S = 60


class Journalled(NamedTuple):
    """One event as the journal has it."""

    sequence: int
    id: str
    receipt: str
    data: str


class Clerk:
    """Works at one till with one journal; whoever kills the process may start it again."""

    def __init__(self, journal: Path, url: str, token: str, location: str, till: str, *options: str) -> None:
        self.journal = journal
        self._command = [*ZAIKO, "till", "--location", location, "--till", till, "--url", url]
        self._command += ["--journal", str(journal), "--wait", str(WAIT_S), *options]
        self._environment = {**os.environ, "ZAIKO_TOKEN": token}
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> "Clerk":
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
        )
        return self

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def type(self, *lines: str) -> None:
        keys = _open(self.process.stdin)
        keys.writelines(f"{line}\n" for line in lines)
        keys.flush()

    def reads(self, count: int, word: str) -> list[str]:
        """What is said until so many lines hold the word, or until the process has ended."""
        said: list[str] = []
        while count and (line := _open(self.process.stdout).readline()):
            said.append(line.rstrip("\n"))
            count -= word in line
        return said

    def kill(self) -> list[str]:
        """kill -9, now; what it had said before, in whole lines."""
        self.process.kill()
        said = _open(self.process.stdout).read()
        self._end()
        return said.split("\n")[:-1]

    def end(self, *lines: str) -> list[str]:
        """Type the last lines, and what is said until the process has ended by itself."""
        said, _ = self.process.communicate("".join(f"{line}\n" for line in lines), timeout=2 * WAIT_S)
        self._end()
        return said.splitlines()

    def events(self) -> list[Journalled]:
        """What the journal holds; the process must have ended."""
        with closing(sqlite3.connect(self.journal)) as journal:
            rows = journal.execute("SELECT sequence, id, receipt, data FROM events ORDER BY sequence")
            return [Journalled(*row) for row in rows]

    def source(self, location: str, till: str) -> str:
        with closing(sqlite3.connect(self.journal)) as journal:
            ((epoch,),) = journal.execute("SELECT epoch FROM till")
        return f"/locations/{location}/tills/{till}/epochs/{epoch}"

    def _end(self) -> None:
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue  # keys that nobody reads any more


def sold(said: list[str]) -> Iterator[str]:
    """The receipt numbers of what was said to be sold."""
    return (line.split()[1] for line in said if line.startswith("sold "))


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
