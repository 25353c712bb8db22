"""Every topic and every event type, in one place: what OpenAPI, AsyncAPI and the consumers are built from."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

from shared.contracts import (
    amendments,
    backorders,
    channels,
    locations,
    order_returns,
    orders,
    pickups,
    reassignments,
    reservations,
    returns,
    sales,
    slots,
    stock,
    till_health,
    tills,
    transfers,
)
from shared.contracts.event import EventType

DEAD_LETTERS = "zaiko.dead-letters"
FAMILIES: tuple[ModuleType, ...] = (
    tills,
    sales,
    returns,
    stock,
    till_health,
    locations,
    channels,
    reservations,
    orders,
    order_returns,
    amendments,
    backorders,
    reassignments,
    pickups,
    slots,
    transfers,
)


@dataclass(frozen=True, slots=True)
class Topic:
    """`written_by` names the one service that announces on it; `tills` are outside, `any` is every service."""

    name: str
    compacted: bool = False
    written_by: str = "any"


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic(tills.TOPIC, written_by="tills"),
        Topic(sales.TOPIC, written_by="inventory"),
        Topic(returns.TOPIC, written_by="inventory"),
        Topic(stock.TOPIC, compacted=True, written_by="inventory"),
        Topic(till_health.TOPIC, written_by="inventory"),
        Topic(locations.TOPIC, compacted=True, written_by="inventory"),
        Topic(channels.TOPIC, compacted=True, written_by="inventory"),
        Topic(reservations.TOPIC, written_by="inventory"),
        Topic(orders.TOPIC, written_by="orders"),
        Topic(pickups.TOPIC, written_by="pickup"),
        Topic(DEAD_LETTERS),
    )
}

EVENT_TYPES: dict[str, EventType[Any]] = {
    member.name: member for family in FAMILIES for member in vars(family).values() if isinstance(member, EventType)
}
