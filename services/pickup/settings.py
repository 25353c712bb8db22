"""The settings of pickup: the only reader of its environment."""

from pydantic import Field

from services.pickup.domain.receivers import Network
from shared.settings import ServiceSettings

SCHEMA = "pickup"


class Settings(ServiceSettings):
    preparation_minutes: int = Field(120, ge=0, description="From the order to the moment its bag is due")
    transfer_hours: int = Field(24, ge=0, description="How long a transfer to the store of an order takes")
    hold_hours: int = Field(72, ge=1, description="How long a ready bag is kept for the customer")
    lock_minutes: int = Field(15, ge=1, description="How long five wrong codes lock a pickup")
    reminder_hours: int = Field(24, ge=0, description="So long before it lapses a bag is reminded of; 0: never")
    lapse_interval_seconds: float = Field(5.0, gt=0, description="Pause between two looks for late and lapsed pickups")
    webhook_network: Network = Field("public", description="Where receivers of webhooks may be")
    webhook_timeout_seconds: float = Field(20.0, gt=0, le=60, description="How long a receiver is waited for")
    webhook_retention_days: int = Field(30, ge=1, description="How long deliveries that ended are kept")
    inventory_url: str = Field("http://127.0.0.1:8000/inventory", description="Where inventory answers over HTTP")
    inventory_timeout_seconds: float = Field(2.0, gt=0, description="How long inventory is waited for")
