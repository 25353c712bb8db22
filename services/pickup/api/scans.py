"""What a scanner read, as an item of the bags that are being picked."""

from collections.abc import Collection
from typing import Annotated

from pydantic import Field

from services.pickup.store.items import Items
from shared.contracts.values import Quantity, Wire
from shared.errors import DomainError, InvalidRequest
from shared.gtin import gtin_14

CODE_LIMIT = 2_000
"""Characters: a GS1 Digital Link may carry more than a GTIN."""


class ScanBody(Wire):
    """What the scanner read, and how many units of it go into the bag."""

    code: Annotated[str, Field(min_length=1, max_length=CODE_LIMIT)] = Field(
        description="A GTIN of 8, 12, 13 or 14 digits, with or without leading zeros, or a GS1 Digital Link URI",
        examples=["4901234567894", "https://id.gs1.org/01/04901234567894"],
    )
    quantity: Quantity = Field(1, examples=[1])


async def scanned_sku(body: ScanBody, items: Items, wanted: Collection[str]) -> str:
    """The SKU of what was scanned, one of the `wanted`.

    Raises `invalid_request`, `unknown_gtin`, `wrong_item`, `unavailable`.
    """
    try:
        gtin = gtin_14(body.code)
    except ValueError as error:
        raise InvalidRequest("/code", str(error)) from error
    skus = await items.with_gtin(gtin)
    if not skus:
        raise InvalidRequest("/code", f"no item has the GTIN {gtin}", code="unknown_gtin")
    found = next((sku for sku in skus if sku in wanted), None)
    if found is None:
        raise DomainError("wrong_item", f"This is {skus[0]}, which is not to be picked here: put it back.", skus=skus)
    return found
