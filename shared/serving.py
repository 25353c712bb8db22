"""The command line that every service has on its own: `python -m services.inventory serve | migrate`."""

import asyncio
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, TypeVar

import typer
import uvicorn
from fastapi import FastAPI

from shared import collection
from shared.database import Database
from shared.migration import is_migrated, migrate
from shared.settings import ServiceSettings
from shared.telemetry import configure_logging

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)
ResultT = TypeVar("ResultT")
GRACE_S = 5
BACKLOG = 2_048
"""Connections that wait to be accepted."""
KEEP_ALIVE_S = 75
"""Longer than the idle time of the usual clients and proxies, so that it is they who close, not we under their feet."""


def command_line(
    name: str, migrations: ModuleType, settings_type: type[SettingsT], create_app: Callable[[SettingsT], FastAPI]
) -> typer.Typer:
    """`serve` and `migrate` for one service; settings come from `ZAIKO_…` variables."""
    cli = typer.Typer(help=f"Zaiko {name}: serve it, or bring its schema up to date.", no_args_is_help=True)

    @cli.command(help="Serve HTTP, consume events and publish them, until SIGTERM or Ctrl-C.")
    def serve() -> None:
        settings = settings_type()
        configure_logging(settings.log_level)
        if not asyncio.run(_with_database(settings, name, is_migrated, migrations)):
            typer.echo(f"{name}: the schema is not up to date; run `python -m services.{name} migrate`", err=True)
            raise typer.Exit(1)
        uvicorn.Server(configuration(create_app(settings), host=settings.host, port=settings.port)).run()

    @cli.command("migrate", help="Create the schema, or bring it to the newest revision.")
    def migrate_() -> None:
        asyncio.run(_with_database(settings_type(), name, migrate, migrations))
        typer.echo(f"{name}: schema is up to date")

    return cli


def configuration(app: FastAPI, **places: Any) -> uvicorn.Config:
    """How every process of Zaiko serves an app that is built; `places` are uvicorn's words for where."""
    collection.settle()
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=KEEP_ALIVE_S,
        **places,
    )


async def _with_database(
    settings: ServiceSettings,
    schema: str,
    work: Callable[[Database, ModuleType], Awaitable[ResultT]],
    migrations: ModuleType,
) -> ResultT:
    database = Database(settings.database_url, schema, pool_size=1)
    try:
        return await work(database, migrations)
    finally:
        await database.close()
