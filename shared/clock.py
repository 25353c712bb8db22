"""Time comes in as an argument: everything that needs the time of day is given a `Clock`."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the instant now, aware and in UTC."""


def utc_now() -> datetime:
    return datetime.now(UTC)
