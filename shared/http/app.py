"""The FastAPI app that every service is: its routers, problem documents, health, metrics, limits."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.asyncapi.application import Application
from shared.asyncapi.document import document
from shared.foundation import Foundation
from shared.http import problems
from shared.http.auth import Verifier
from shared.http.events_page import add_events_page
from shared.http.examples import add_examples
from shared.http.limits import BodyLimit
from shared.http.observation import Observation
from shared.settings import ServiceSettings

VERSION = "0.1.0"
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build_app(
    *,
    name: str,
    description: str,
    routers: Sequence[APIRouter],
    lifespan: Lifespan,
    foundation: Foundation,
    settings: ServiceSettings,
    body_limits: Mapping[str, int] | None = None,
) -> FastAPI:
    """`name` is the service's; `body_limits` are paths with a limit of their own, in bytes."""
    # The pages bring their own scripts: they work where there is no way out to the internet.
    app = FastAPIOffline(
        title=f"Zaiko {name}",
        description=f"{description} What it says and hears on the bus: [events](events).",
        version=VERSION,
        lifespan=lifespan,
        redoc_url=None,
        static_url="/docs-assets",
        swagger_ui_parameters={"persistAuthorization": True, "tryItOutEnabled": True, "displayRequestDuration": True},
        separate_input_output_schemas=False,
    )
    app.state.verifier = Verifier(settings.token_secret, foundation.clock)
    for router in routers:
        app.include_router(router)
    app.include_router(_operations(foundation.database.is_reachable))
    app.state.application = Application(name, description, tuple(foundation.receivers))
    events = document(app.title, VERSION, [app.state.application], settings)
    add_events_page(app, events, {"docs": "docs", "openapi.json": "openapi.json"})
    problems.install(app)
    app.add_middleware(BodyLimit, limit_bytes=settings.body_limit_bytes, paths=body_limits)
    app.add_middleware(Observation, service=name)
    app.openapi = _documented(app)  # type: ignore[method-assign]
    return app


def _documented(app: FastAPI) -> Callable[[], dict[str, Any]]:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=VERSION, description=app.description, routes=app.routes)
            schema.setdefault("components", {}).setdefault("schemas", {})["Problem"] = problems.PROBLEM_SCHEMA
            add_examples(schema)
            _replace_validation_errors(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    return openapi


def _replace_validation_errors(schema: dict[str, Any]) -> None:
    """FastAPI documents its own form of 422 where an operation names none; ours are problem documents everywhere."""
    invalid = problems.responses("invalid_request")[422]
    for path in schema["paths"].values():
        for operation in path.values():
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                operation["responses"]["422"] = invalid
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)


def _operations(is_ready: Callable[[], Awaitable[bool]]) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/health/live", summary="Is the process alive", description="For restarts: 200 while it answers.")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get(
        "/health/ready",
        summary="Can it serve",
        description="For load balancers: 200 when the database answers, else 503.",
        responses=problems.responses("unavailable"),
    )
    async def ready() -> Response:
        if await is_ready():
            return Response(b'{"status":"ready"}', media_type="application/json")
        return problems.response("unavailable", "The database does not answer.", headers={"Retry-After": "1"})

    @router.get("/metrics", summary="Prometheus metrics", description="Text exposition format.")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
