"""What can go wrong in the domain's words, and the two faults that every service treats alike."""

from typing import Any


class DomainError(Exception):
    """A request that the rules refuse.

    `code` is stable and machine-readable (`insufficient_stock`, `illegal_transition`); `detail` tells a person
    what to do; `extra` are further members of the problem document (RFC 9457, section 3.2).
    """

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.extra = extra


class InvalidRequest(DomainError):
    """A request whose named field cannot be accepted; `pointer` is a JSON Pointer (RFC 6901)."""

    def __init__(self, pointer: str, detail: str, code: str = "invalid_request") -> None:
        super().__init__(code, detail, errors=[{"pointer": pointer, "detail": detail}])


class Overloaded(Exception):
    """More work is waiting than the named limit allows; try again after `retry_after_s` seconds."""

    def __init__(self, what: str, retry_after_s: int = 1) -> None:
        super().__init__(f"{what} is at its limit")
        self.retry_after_s = retry_after_s


class Fenced(Exception):
    """Another member has taken this partition over: what was read of it must not take effect here."""
