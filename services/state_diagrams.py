"""The state machines as pictures: drawn (Mermaid) into ARCHITECTURE.md from the tables that the services decide by.

`make diagrams` draws them anew; a test fails where the page and the code differ.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from services.inventory.domain import reservations
from services.orders.domain import states as orders
from services.pickup.domain import states as pickups
from services.pickup.domain import transfers

PAGE = Path(__file__).resolve().parent.parent / "ARCHITECTURE.md"


class Move(NamedTuple):
    """From one state to another; `step` is what people call it, empty where the state alone tells."""

    before: str
    after: str
    step: str = ""


def order_moves() -> Iterator[Move]:
    for before, followers in orders.LEGAL.items():
        for after in followers:
            yield Move(before, after)


def pickup_moves() -> Iterator[Move]:
    for step, moves in pickups.TRANSITIONS.items():
        for before, after in moves.items():
            yield Move(before, after, step)


def reservation_moves() -> Iterator[Move]:
    for command, befores in reservations.COMMANDS.items():
        for before in befores:
            for after in reservations.DONE[command]:
                yield Move(before, after, command)


def transfer_moves() -> Iterator[Move]:
    for step, (before, after) in transfers.TRANSITIONS.items():
        yield Move(before, after, step)


class Diagram(NamedTuple):
    """The states that it may begin in, all moves, and the states in which it may rest for ever."""

    begins: Sequence[str]
    moves: Sequence[Move]
    ends: Collection[str]


DIAGRAMS: Mapping[str, Diagram] = {
    "order": Diagram(["pending"], tuple(order_moves()), orders.FINAL),
    "pickup": Diagram(["requested"], tuple(pickup_moves()), {*get_args(pickups.State)} - pickups.OPEN),
    "transfer": Diagram(
        ["requested"], tuple(transfer_moves()), {*get_args(transfers.TransferState)} - transfers.UNDER_WAY
    ),
    "reservation": Diagram(["held", "backordered"], tuple(reservation_moves()), ("fulfilled", "released", "expired")),
}


def drawn(diagram: Diagram) -> str:
    """In Mermaid's language; steps that lead the same way share an arrow."""
    steps: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for move in diagram.moves:
        steps[move.before, move.after] += [move.step] if move.step else []
    arrows = [
        f"    {before} --> {after}" + (f": {', '.join(sorted(names))}" if names else "")
        for (before, after), names in sorted(steps.items())
    ]
    begins = [f"    [*] --> {state}" for state in diagram.begins]
    ends = [f"    {state} --> [*]" for state in sorted(diagram.ends)]
    return "\n".join(["stateDiagram-v2", *begins, *arrows, *ends])


def redrawn(page: str) -> str:
    """The page with every diagram as the code has it. ValueError where it has no place for one."""
    for name, diagram in DIAGRAMS.items():
        place = re.compile(rf"(?<=<!-- states: {name} -->\n)```mermaid\n.*?```\n", re.DOTALL)
        if not place.search(page):
            raise ValueError(f"there is no place for the states of {name}: <!-- states: {name} -->")
        page = place.sub(f"```mermaid\n{drawn(diagram)}\n```\n", page)
    return page


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text()))
