"""Who asks: a role, and for some roles the one location they may speak for."""

from dataclasses import dataclass
from typing import Literal, get_args

from shared.errors import DomainError

Role = Literal["operator", "storefront", "store-staff", "till"]
ROLES: tuple[Role, ...] = get_args(Role)
BOUND_ROLES: tuple[Role, ...] = ("store-staff", "till")
"""Roles whose token names the one location it is good for."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking."""

    role: Role
    location_id: str | None

    @property
    def actor(self) -> str:
        """As the ledger and the idempotency keys name it: `till@S367`, `operator`."""
        return f"{self.role}@{self.location_id}" if self.location_id else self.role

    def require_location(self, location_id: str) -> None:
        """Raises `forbidden` where the token is bound to another location."""
        if self.location_id is not None and self.location_id != location_id:
            raise DomainError("forbidden", f"This token is for {self.location_id}, not for {location_id}.")
