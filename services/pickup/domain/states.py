"""The states of a pickup and the steps between them, as one table.

    requested ──start──▶ picking ──make_ready──▶ ready ──collect──▶ collected
        │                 │  ▲ pick, short         ├──expire──▶ expired
        └─────────────────┴────────cancel──────────┴──────────▶ cancelled

A bag that is picking or ready can be put somewhere else (`place_bag`); that moves no state.
What is collected, expired or cancelled stays so: no step leads out of it.
"""

from collections.abc import Mapping
from typing import Literal

State = Literal["requested", "picking", "ready", "collected", "expired", "cancelled"]
StepName = Literal["start", "pick", "short", "make_ready", "place_bag", "collect", "expire", "cancel"]

OPEN: frozenset[State] = frozenset({"requested", "picking", "ready"})

TRANSITIONS: Mapping[StepName, Mapping[State, State]] = {
    "start": {"requested": "picking"},
    "pick": {"picking": "picking"},
    "short": {"picking": "picking"},
    "make_ready": {"picking": "ready"},
    "place_bag": {"picking": "picking", "ready": "ready"},
    "collect": {"ready": "collected"},
    "expire": {"ready": "expired"},
    "cancel": {"requested": "cancelled", "picking": "cancelled", "ready": "cancelled"},
}
"""Step → the state it is possible in → the state it leads to."""

REPEATS: Mapping[StepName, State] = {
    "start": "picking",
    "make_ready": "ready",
    "collect": "collected",
    "expire": "expired",
    "cancel": "cancelled",
}
"""Step → the state in which it has just happened: taken again there, it changes nothing and is no error."""


def is_possible(step: StepName, state: State) -> bool:
    return state in TRANSITIONS[step]


def is_repeat(step: StepName, state: State) -> bool:
    return REPEATS.get(step) == state


def after(step: StepName, state: State) -> State:
    """The state that the step leads to. Raises KeyError where it is not possible."""
    return TRANSITIONS[step][state]
