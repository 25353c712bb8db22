"""The settings of orders: the only reader of its environment."""

from pydantic import Field

from shared.settings import ServiceSettings

SCHEMA = "orders"


class Settings(ServiceSettings):
    candidates_limit: int = Field(50, ge=1, le=500, description="So many locations are named to inventory per order")
    tries_limit: int = Field(
        3, ge=0, le=50, description="So many other places are asked for an item that a place has failed to give"
    )
    waiting_limit: int = Field(10_000, ge=0, description="More requests with `Prefer: wait` are answered at once")
    return_watch_interval_seconds: float = Field(
        1.0,
        gt=0,
        description="Pause between two looks for units that came back before they were heard to be handed over",
    )
    handover_patience_seconds: float = Field(
        3_600, ge=0, description="Whether a returned unit was handed over is waited for so long"
    )
    inventory_url: str = Field("http://127.0.0.1:8000/inventory", description="Where inventory answers over HTTP")
    inventory_timeout_seconds: float = Field(2.0, gt=0, description="How long inventory is waited for")
