"""How the customer gets an order, as JSON: what is read of it, and what may change in it."""

from collections.abc import Mapping
from json import dumps, loads
from typing import Any


def offers_alternatives(fulfilment: str) -> bool:
    """Whether another store may have the order where its own fails it."""
    return loads(fulfilment).get("alternatives", False) is True


def ships_to_store(fulfilment: str) -> bool:
    """Whether what the store has not is sent to it from other places."""
    return loads(fulfilment).get("ship_to_store", False) is True


def store_of(fulfilment: str) -> str:
    """The store where the customer collects it."""
    location_id: str = loads(fulfilment)["location_id"]
    return location_id


def collected_at(fulfilment: str, location_id: str) -> str:
    """The same at another store. A slot is the first store's alone."""
    kept = {name: value for name, value in loads(fulfilment).items() if name != "slot"}
    return dumps({**kept, "location_id": location_id})


def sent_to(fulfilment: str, destination: Mapping[str, Any]) -> str:
    """The same to another destination; unchanged where it goes there already."""
    known = loads(fulfilment)
    return fulfilment if known["destination"] == destination else dumps({**known, "destination": destination})
