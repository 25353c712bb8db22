"""Every topic and every event type, in one place: what OpenAPI, AsyncAPI and the consumers are built from."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

from shared.contracts import locations, orders, pickups, reservations, sales, stock, tills
from shared.contracts.event import EventType

DEAD_LETTERS = "zaiko.dead-letters"
FAMILIES: tuple[ModuleType, ...] = (tills, sales, stock, locations, reservations, orders, pickups)


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    compacted: bool = False


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic(tills.TOPIC),
        Topic(sales.TOPIC),
        Topic(stock.TOPIC, compacted=True),
        Topic(locations.TOPIC, compacted=True),
        Topic(reservations.TOPIC),
        Topic(orders.TOPIC),
        Topic(pickups.TOPIC),
        Topic(DEAD_LETTERS),
    )
}

EVENT_TYPES: dict[str, EventType[Any]] = {
    member.name: member for family in FAMILIES for member in vars(family).values() if isinstance(member, EventType)
}
