"""The settings of pickup: the only reader of its environment."""

from pydantic import Field

from shared.settings import ServiceSettings

SCHEMA = "pickup"


class Settings(ServiceSettings):
    preparation_minutes: int = Field(120, ge=0, description="From the order to the moment its bag is due")
    hold_hours: int = Field(72, ge=1, description="How long a ready bag is kept for the customer")
    lock_minutes: int = Field(15, ge=1, description="How long five wrong codes lock a pickup")
    lapse_interval_seconds: float = Field(5.0, gt=0, description="Pause between two looks for lapsed pickups")
    inventory_url: str = Field("http://127.0.0.1:8000/inventory", description="Where inventory answers over HTTP")
    inventory_timeout_seconds: float = Field(2.0, gt=0, description="How long inventory is waited for")
