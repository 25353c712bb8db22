"""The settings of inventory: the only reader of its environment."""

from pydantic import Field

from shared.settings import ServiceSettings

SCHEMA = "inventory"


class Settings(ServiceSettings):
    hold_seconds: int = Field(900, ge=1, description="How long a reservation is held without `ttl_seconds`")
    hold_limit_seconds: int = Field(86_400, ge=1, description="The longest `ttl_seconds` that is granted")
    limited_availability_below: int = Field(6, ge=1, description="Fewer available units are `LimitedAvailability`")
    expiry_interval_seconds: float = Field(1.0, gt=0, description="Pause between two looks for lapsed holds")
    backorder_interval_seconds: float = Field(
        5.0, gt=0, description="Whoever waits for goods is served when told; a look this often is the safety net"
    )
    till_members: int = Field(4, ge=1, description="While tills tell more than one member takes in, so many read")
    till_silence_seconds: float = Field(900, gt=0, description="A till that is not heard of for longer is silent")
    till_gap_seconds: float = Field(300, gt=0, description="Numbers of a till that are missing for longer are a gap")
    till_watch_interval_seconds: float = Field(10.0, gt=0, description="Pause between two looks at how the tills are")
    return_watch_interval_seconds: float = Field(5.0, gt=0, description="Pause between two looks at tills' returns")
    sale_patience_seconds: float = Field(
        86_400, ge=0, description="A return's sale that no till has told is waited for so long"
    )
    import_limit_bytes: int = Field(32 * 1024 * 1024, description="The largest body of an item import")
