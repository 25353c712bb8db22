"""What several commands of `zaiko` have in common: where an installation is, and how a person is told what is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from services.faults import CannotGoOn

DEFAULT_DATA_DIR = Path(".zaiko")


def _is_postgresql(url: str | None) -> str | None:
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise typer.BadParameter("a URL like postgresql://user:password@host:5432/database is expected")
    return url


DataDir = Annotated[Path, typer.Option(help="Where this installation lives: database, lock, token secret.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="ZAIKO_DATABASE_URL",
        callback=_is_postgresql,
        help="postgresql://… (15 or newer) instead of the embedded PostgreSQL.",
    ),
]


def _told_in_one_line() -> tuple[type[Exception], ...]:
    from shared.embedded import DataDirectoryInUse, NoServer

    return CannotGoOn, DataDirectoryInUse, NoServer


@contextmanager
def one_line_errors() -> Iterator[None]:
    """What a person can put right is told in one line, without a traceback; exit status 1."""
    try:
        yield
    except _told_in_one_line() as error:
        from rich.console import Console

        Console(stderr=True).print(f"[red]zaiko:[/red] {error}", soft_wrap=True, highlight=False)
        raise typer.Exit(1) from error
