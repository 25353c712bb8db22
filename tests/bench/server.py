"""The system under load, with its references beside it: the same server, the same payload, the same durability."""

import sys
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI

from services.installation import Installation
from services.together import create_app
from shared.serving import configuration
from shared.settings import ServiceSettings
from shared.telemetry import configure_logging
from tests.bench.references import idle_endpoints, ordinary_endpoint


def mounted(app: FastAPI, name: str) -> Any:
    """The app of one service inside the one that holds all."""
    return next(route.app for route in app.routes if getattr(route, "name", "") == name)  # type: ignore[attr-defined]


def first(app: FastAPI, router: APIRouter) -> None:
    """Add the reference's routes before all others: it is found at least as soon as what it is compared with."""
    app.include_router(router)
    app.router.routes.insert(0, app.router.routes.pop())


def main(port: int) -> None:
    """Serve all services on the site that the environment names, until SIGTERM."""
    settings = ServiceSettings()
    configure_logging(settings.log_level)
    installation = Installation(
        database_url=settings.database_url,
        token_secret=settings.token_secret,
        base_url=f"http://127.0.0.1:{port}",
        token_command="zaiko token",
        bus=settings.bus,
        kafka_bootstrap_servers=settings.kafka_bootstrap_servers,
    )
    app = create_app(installation)
    first(mounted(app, "inventory"), ordinary_endpoint(settings.database_url))
    first(mounted(app, "inventory"), idle_endpoints())
    first(mounted(app, "orders"), idle_endpoints())
    uvicorn.Server(configuration(app, host="127.0.0.1", port=port)).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
