"""The system under load, with its references beside it: the same server, the same payload, the same durability."""

import sys
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import APIRouter, FastAPI, Response

from services.installation import Installation
from services.inventory.api.reservations import ReservationBody
from services.orders.api.placements import OrderBody
from services.together import create_app
from shared.embedded import embedded_postgres
from shared.http.auth import allow
from shared.telemetry import configure_logging

SECRET = "the bench signs its tokens with this"
router = APIRouter()
Anybody: Any = Annotated[Any, allow("operator")]


@router.post("/noop/reservations", status_code=201)
async def noop_reservation(body: ReservationBody, principal: Anybody) -> Response:
    """What HTTP, JSON, validation and the token cost, and nothing else."""
    return Response(b'{"state":"held"}', 201, media_type="application/json")


@router.post("/noop/orders", status_code=201)
async def noop_order(body: OrderBody, principal: Anybody) -> Response:
    return Response(b'{"state":"confirmed"}', 201, media_type="application/json")


@router.get("/noop/availability")
async def noop_availability(sku: str, principal: Anybody) -> Response:
    return Response(b'{"items":[]}', media_type="application/json")


def mounted(app: FastAPI, name: str) -> FastAPI:
    return next(route.app for route in app.routes if getattr(route, "name", "") == name)  # type: ignore[attr-defined]


def main(port: int, data_dir: Path, bus: Any, brokers: str) -> None:
    configure_logging("WARNING")
    with embedded_postgres(data_dir) as url:
        installation = Installation(
            database_url=url,
            token_secret=SECRET,
            base_url=f"http://127.0.0.1:{port}",
            token_command="zaiko token",
            bus=bus,
            kafka_bootstrap_servers=brokers,
        )
        app = create_app(installation)
        for name in ("inventory", "orders"):
            mounted(app, name).include_router(router)
        uvicorn.run(
            app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", log_config=None, access_log=False
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
