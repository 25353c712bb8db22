"""Dead letters as a person reads them, and as a program does. What outsiders wrote cannot steer the terminal."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.dead_letters.queues import Found
from shared.contracts.values import rfc3339

SHOWN_BYTES_LIMIT = 65_536
"""Of data that is no JSON so much is shown."""
PIPED_COLUMNS = 240
"""The width of a table that no terminal asks for."""


def console() -> Console:
    shown = Console(highlight=False, soft_wrap=True)
    return shown if shown.is_terminal else Console(highlight=False, soft_wrap=True, width=PIPED_COLUMNS)


def show_list(found: Sequence[Found], total: int) -> None:
    """A table, and how many more there are."""
    if not found:
        print("no dead letters")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("id", "recorded", "topic"):
        table.add_column(name, no_wrap=True)
    for name in ("type", "source", "event id", "code"):
        table.add_column(name, overflow="fold")
    table.add_column("detail", overflow="ellipsis", no_wrap=True, max_width=60)
    for place, letter in found:
        told = (letter.topic, letter.type, letter.source, letter.event_id, letter.code, letter.detail)
        table.add_row(str(place), _instant(letter.recorded_at), *(Text(_printable(text)) for text in told))
    shown = console()
    shown.print(table)
    if total > len(found):
        shown.print(f"… and {total - len(found):,} more; --limit shows more, --topic, --code and --service fewer")


def print_lines(found: Sequence[Found]) -> None:
    """One JSON object a line, without the data."""
    for place, letter in found:
        told = letter._asdict() | {
            "id": str(place),
            "recorded_at": rfc3339(letter.recorded_at),
            "type": letter.type,
            "headers": dict(letter.headers),
        }
        del told["value"]
        print(json.dumps(told))


def show_whole(found: Found) -> None:
    """Reason, headers, data."""
    place, letter = found
    print(f"{place}, recorded {_instant(letter.recorded_at)}")
    _section("why", {"code": letter.code, "detail": letter.detail})
    identity = {"source": letter.source, "id": letter.event_id, "topic": letter.topic, "key": letter.key}
    _section("event", identity)
    _section("headers", letter.headers)
    print(f"\ndata, {len(letter.value):,} bytes")
    print(_data(letter.value))


def _section(title: str, members: Mapping[str, str]) -> None:
    print(f"\n{title}")
    width = max(map(len, members), default=0)
    for name, value in members.items():
        print(f"  {_printable(name).ljust(width)}  {_printable(value)}")


def _data(value: bytes) -> str:
    try:
        return json.dumps(json.loads(value), indent=2)
    except (ValueError, RecursionError):
        text = value[:SHOWN_BYTES_LIMIT].decode(errors="backslashreplace")
        return "\n".join(map(_printable, text.splitlines())) + ("…" if len(value) > SHOWN_BYTES_LIMIT else "")


def _printable(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _instant(instant: datetime) -> str:
    return rfc3339(instant.astimezone(UTC).replace(microsecond=0))
