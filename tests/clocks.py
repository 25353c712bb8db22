"""A clock that a test can move."""

from datetime import UTC, datetime, timedelta


class MovableClock:
    """Runs with real time, plus what `advance` has added."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, step: timedelta) -> None:
        self._ahead += step
