"""Where the rows of a table lie once one PostgreSQL is not enough, as Citus has it; docs/scaling.md is the page to it.

Each service declares all of its tables in `store/distribution.py`, and `tests/integration/test_distribution.py` holds
the declarations against the migrated schemas: a primary or unique key of a distributed table has to hold its column,
because a node can only tell what is unique among the rows that it has.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distributed:
    """Split over the nodes by a hash of `column`; a service's tables with one column lie together, value by value."""

    column: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Copied whole to every node: small, seldom written, asked for by every batch."""


@dataclass(frozen=True, slots=True)
class Local:
    """Whole, on the coordinator, the node that the service is connected to."""


Placement = Distributed | Reference | Local
Placements = Mapping[str, Placement]
"""Table → where its rows lie."""

SHARED: Placements = {
    # One row for a whole transaction, deleted within milliseconds, and read in order by one relay.
    "outbox": Local(),
    # One row for each consumer and partition, moved by compare-and-set where the transaction is begun.
    "consumer_offsets": Local(),
    # A key is claimed with an advisory lock, and such a lock is known to one node alone.
    "idempotency_keys": Local(),
    # Rare, and read by people.
    "dead_letters": Local(),
    "alembic_version": Local(),
}
"""The tables of shared/tables.py, and Alembic's own."""
