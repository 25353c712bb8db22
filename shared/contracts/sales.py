"""What tills told, once each, after it took effect (`zaiko.sales`, key location_id): for screens, insights, loyalty."""

from shared.contracts.event import EventType
from shared.contracts.tills import TillReceipt

TOPIC = "zaiko.sales"

RECORDED = EventType(
    "zaiko.sale.recorded.v1", TOPIC, TillReceipt, lambda data: data.location_id, "A till's sale has taken effect."
)
RETURNED = EventType(
    "zaiko.sale.returned.v1", TOPIC, TillReceipt, lambda data: data.location_id, "A till's return has taken effect."
)
VOIDED = EventType(
    "zaiko.sale.voided.v1", TOPIC, TillReceipt, lambda data: data.location_id, "A till's void has taken effect."
)
