"""The settings of orders: the only reader of its environment."""

from pydantic import Field

from shared.settings import ServiceSettings

SCHEMA = "orders"


class Settings(ServiceSettings):
    candidates_limit: int = Field(50, ge=1, le=500, description="So many locations are named to inventory per order")
    waiting_limit: int = Field(10_000, ge=0, description="More requests with `Prefer: wait` are answered at once")
