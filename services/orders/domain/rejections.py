"""Why an order was rejected, where it is not for want of stock, and how far its wish for a slot is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

SlotState = Literal["wanted", "taken", "refused"]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A stable code, words for a person, and further members for a program, all as JSON has them."""

    code: str
    detail: str
    more: Mapping[str, Any] = field(default_factory=dict)
