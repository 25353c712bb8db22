"""The states of an order: a pure function of what happened to its units, never a field that is set by hand.

| state               | granted | bag ready | open units | handed over | means                                        |
| ------------------- | ------- | --------- | ---------- | ----------- | -------------------------------------------- |
| cancelled           | any     | any       | 0          | 0           | nothing will be handed over                  |
| rejected            | refused | no        | > 0        | 0           | there was not enough stock                   |
| pending             | not yet | no        | > 0        | 0           | inventory has not decided yet                |
| backordered         | in part | no        | > 0        | 0           | what is not held yet is promised by a date   |
| confirmed           | yes     | no        | > 0        | 0           | every open unit is promised                  |
| ready_for_pickup    | yes     | yes       | > 0        | 0           | the bag lies at the counter                  |
| partially_shipped   | yes     | no        | > 0        | > 0         | some parcels are on their way                |
| partially_collected | yes     | any       | > 0        | > 0         | some units were handed out at the counter    |
| completed           | yes     | any       | 0          | > 0         | all that was not cancelled was handed over   |

`shipped` and `collected` are passed through on the way to `completed`: the timeline shows them, no order stays there.
Returns change no state: what came back was handed over before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    PICKUP = "pickup"
    SHIP = "ship"


class State(StrEnum):
    PENDING = "pending"
    BACKORDERED = "backordered"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    READY_FOR_PICKUP = "ready_for_pickup"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    PARTIALLY_COLLECTED = "partially_collected"
    COLLECTED = "collected"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


FINAL = frozenset({State.COMPLETED, State.REJECTED, State.CANCELLED})

# A bag may be handed out in the very moment in which its order is cancelled elsewhere. What happened at the counter is
# a fact and wins: this is the one way out of `cancelled`.
LEGAL: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.BACKORDERED, State.CONFIRMED, State.REJECTED, State.CANCELLED}),
    State.BACKORDERED: frozenset({State.CONFIRMED, State.CANCELLED}),
    State.CONFIRMED: frozenset(
        {
            State.READY_FOR_PICKUP,
            State.PARTIALLY_SHIPPED,
            State.SHIPPED,
            State.PARTIALLY_COLLECTED,
            State.COLLECTED,
            State.CANCELLED,
        }
    ),
    # A bag that is not handed out may be asked for at another store.
    State.READY_FOR_PICKUP: frozenset({State.CONFIRMED, State.PARTIALLY_COLLECTED, State.COLLECTED, State.CANCELLED}),
    State.PARTIALLY_SHIPPED: frozenset({State.SHIPPED}),
    State.PARTIALLY_COLLECTED: frozenset({State.COLLECTED}),
    State.SHIPPED: frozenset({State.COMPLETED}),
    State.COLLECTED: frozenset({State.COMPLETED}),
    State.CANCELLED: frozenset({State.COLLECTED}),
    State.COMPLETED: frozenset(),
    State.REJECTED: frozenset(),
}
"""State → the states that may follow it. A step from a state to itself is a note."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an order's state follows from; `open_units` are neither cancelled nor handed over."""

    method: Method
    is_granted: bool
    is_rejected: bool
    bag_is_ready: bool
    open_units: int
    handed_over: int
    awaits_goods: bool = False


def state_of(standing: Standing) -> State:
    """The one state of an order that stands so."""
    if standing.open_units == 0:
        return State.COMPLETED if standing.handed_over else State.CANCELLED
    if standing.is_rejected:
        return State.REJECTED
    if standing.awaits_goods:
        return State.BACKORDERED
    if not standing.is_granted:
        return State.PENDING
    if standing.handed_over:
        return State.PARTIALLY_SHIPPED if standing.method is Method.SHIP else State.PARTIALLY_COLLECTED
    return State.READY_FOR_PICKUP if standing.bag_is_ready else State.CONFIRMED


def path(before: State, after: State, method: Method) -> list[State]:
    """The states that the timeline shows on the way from one to the other; empty where nothing changes."""
    if before is after:
        return []
    if after is State.COMPLETED:
        return [State.SHIPPED if method is Method.SHIP else State.COLLECTED, State.COMPLETED]
    return [after]


def is_legal(before: State | None, after: State) -> bool:
    """Whether a timeline may go from `before` (None: it begins) to `after`."""
    if before is None:
        return after is State.PENDING
    return after is before or after in LEGAL[before]


def line_state(order_state: State, method: Method, quantity: int, cancelled: int, handed_over: int) -> State:
    """The state of one line of an order: the one that the line would have if it were all of the order.

    A line stays `shipped` or `collected`, which an order passes through.
    """
    if cancelled == quantity:
        return State.CANCELLED
    is_shipped = method is Method.SHIP
    if cancelled + handed_over == quantity:
        return State.SHIPPED if is_shipped else State.COLLECTED
    if handed_over:
        return State.PARTIALLY_SHIPPED if is_shipped else State.PARTIALLY_COLLECTED
    is_elsewhere = order_state in (State.PARTIALLY_SHIPPED, State.PARTIALLY_COLLECTED)
    return State.CONFIRMED if is_elsewhere else order_state
