"""What the domain refuses, as the doors answer it."""

from services.orders.domain.refusals import Refused
from shared.errors import DomainError, InvalidRequest


def as_domain_error(refused: Refused) -> DomainError:
    if refused.pointer is None:
        return DomainError(refused.code, refused.detail)
    return InvalidRequest(refused.pointer, refused.detail, refused.code)
