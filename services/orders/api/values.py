"""The words of orders' own requests."""

from typing import Annotated

from fastapi import Path
from pydantic import Field, StringConstraints

from shared.contracts.values import SkuQuantity
from shared.errors import InvalidRequest

LINES_LIMIT = 500
"""So many lines an order has at most."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
"""A name that somebody else gave: any text that PostgreSQL can keep."""
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
Identifier = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    Field(examples=["01890a5d-a7c1-7e33-9f2a-5c2d4a1be001"]),
]
"""One that Zaiko made: a UUID."""
OrderId = Annotated[str, Path(max_length=64, description="As the placement answered it")]
Lines = Annotated[list[SkuQuantity], Field(min_length=1, max_length=LINES_LIMIT)]


def units_by_sku(lines: list[SkuQuantity]) -> dict[str, int]:
    """Units of each item. Raises `invalid_request` where one stands in two lines."""
    units: dict[str, int] = {}
    for place, line in enumerate(lines):
        if line.sku in units:
            raise InvalidRequest(f"/lines/{place}/sku", f"{line.sku} stands in an earlier line already")
        units[line.sku] = line.quantity
    return units
