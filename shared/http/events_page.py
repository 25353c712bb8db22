"""What an app says and hears on the bus: `/asyncapi.json` for machines, `/events` for people, beside `/docs`."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse

from shared.asyncapi.page import page
from shared.http.style import STYLE


def add_events_page(app: FastAPI, document: dict[str, Any], links: Mapping[str, str]) -> None:
    """Serve the document and its page; `links` lead on from the page, and `asyncapi.json` is always among them."""
    html = page(document, {**links, "asyncapi.json": "asyncapi.json"}, STYLE)

    @app.get("/asyncapi.json", include_in_schema=False)
    async def asyncapi() -> JSONResponse:
        return JSONResponse(document)

    @app.get("/events", include_in_schema=False)
    async def events() -> HTMLResponse:
        return HTMLResponse(html)
