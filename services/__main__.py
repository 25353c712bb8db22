"""The `zaiko` command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.together import BusName
from services.up import CannotStart
from shared.clock import utc_now
from shared.embedded import DataDirectoryInUse, NoServer, token_secret
from shared.http.auth import BOUND_ROLES, Role, issue

cli = typer.Typer(
    name="zaiko",
    help="Omnichannel inventory sync: one truth about stock for shops and web.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

DataDir = Annotated[Path, typer.Option(help="Where this installation lives: database, lock, token secret.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")]
BusOption = Annotated[BusName, typer.Option(help="How events travel: a log in PostgreSQL, or Apache Kafka.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(envvar="ZAIKO_DATABASE_URL", help="postgresql://… (15 or newer) instead of the embedded PostgreSQL."),
]
KafkaServers = Annotated[
    str, typer.Option("--kafka-bootstrap", envvar="KAFKA_BOOTSTRAP_SERVERS", help="Brokers, for --bus kafka.")
]
TokenSecret = Annotated[
    str | None,
    typer.Option(
        "--token-secret",
        envvar="ZAIKO_TOKEN_SECRET",
        show_envvar=True,
        help="What signs tokens, at least 32 characters; by default the data directory has its own.",
    ),
]
DEFAULT_DATA_DIR = Path(".zaiko")
DEFAULT_BROKERS = "127.0.0.1:9092"


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """What a person can put right is told in one line, without a traceback; exit status 1."""
    try:
        yield
    except (CannotStart, DataDirectoryInUse, NoServer) as error:
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


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
