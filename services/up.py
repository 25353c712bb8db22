"""`zaiko up`: the database, the three services and the server around them, from the first signal to the last."""

import asyncio
import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import uvicorn

from services.faults import CannotGoOn
from services.installation import BusName, Installation
from services.together import create_app
from shared.database import Database
from shared.embedded import embedded_postgres
from shared.serving import BACKLOG, configuration
from shared.telemetry import configure_logging

HOST = "127.0.0.1"
CONNECT_TIMEOUT_S = 2.0


@dataclass
class Stop:
    """SIGTERM and Ctrl-C, from the first moment on: while the database starts they are remembered, later obeyed."""

    requested: bool = False
    server: uvicorn.Server | None = field(default=None, repr=False)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self.server is not None:
            self.server.handle_exit(number, frame)


class Server(uvicorn.Server):
    """Says when it is ready, and leaves the signals to `Stop`, which outlives it."""

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            print(f"ready {address(sockets[0])}", flush=True)


def up(
    *, port: int, data_dir: Path, bus: BusName, database_url: str | None, kafka_bootstrap_servers: str, secret: str
) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises CannotGoOn, and what `embedded_postgres` raises."""
    if bus == "kafka":
        require_broker(kafka_bootstrap_servers)
    if database_url:
        _require_database(database_url)
    with _stopping() as stop, _listening(port) as listener:
        database = nullcontext(database_url) if database_url else embedded_postgres(data_dir)
        with database as url:
            if stop.requested or url is None:
                return
            installation = Installation(
                database_url=url,
                token_secret=secret,
                base_url=address(listener),
                token_command=f"zaiko token --data-dir {data_dir}",
                bus=bus,
                kafka_bootstrap_servers=kafka_bootstrap_servers,
            )
            _serve(installation, listener, stop)


def _serve(installation: Installation, listener: socket.socket, stop: Stop) -> None:
    configure_logging()
    stop.server = Server(configuration(create_app(installation)))
    stop.server.run(sockets=[listener])
    if not stop.server.started and not stop.requested:
        raise CannotGoOn("the services did not start; the reason is in the log above")


def address(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


@contextmanager
def _stopping() -> Iterator[Stop]:
    stop = Stop()
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """The port is taken before anything else starts, so that one in use is told at once."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(BACKLOG)
        except OSError as error:
            why = "it is in use" if error.errno == errno.EADDRINUSE else error.strerror
            raise CannotGoOn(f"cannot listen on port {port}: {why}; choose another with --port") from error
        yield listener


def _require_database(url: str) -> None:
    async def is_reachable() -> bool:
        database = Database(url, "public", pool_size=1)
        try:
            return await database.is_reachable()
        finally:
            await database.close()

    if not asyncio.run(is_reachable()):
        raise CannotGoOn("the database of --database-url does not answer, or does not let us in")


def require_broker(bootstrap_servers: str) -> None:
    """Raises CannotGoOn unless one of the brokers listens."""
    for server in bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
        except (OSError, ValueError):
            continue
        return
    raise CannotGoOn(f"no Kafka broker listens at {bootstrap_servers}; `make kafka` starts one")
