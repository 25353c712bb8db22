"""The bus: a partitioned, ordered, replayable log of messages. Two adapters keep this protocol: PostgreSQL and Kafka.

What every adapter promises, and `tests/bus` proves of both:

* messages with one key keep the order in which they were published, because a key has one partition;
* a published message is durable when `publish` returns, and is never handed out before that;
* a group's members share the partitions; when a member dies another takes its partitions over;
* a subscription starts every partition at the position that its reader stored, not at one the bus keeps.

Offsets count from 0 without meaning beyond their order: a reader may see gaps (compaction, transaction markers).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from shared.notifications import Notifications
from shared.statements import Writes


class Message(NamedTuple):
    """What is published: the value's bytes with its headers, ordered among those of the same topic and key."""

    topic: str
    key: str
    headers: Mapping[str, str]
    value: bytes


class Partition(NamedTuple):
    topic: str
    number: int


class Record(NamedTuple):
    """A message at its place in the log."""

    partition: Partition
    offset: int
    message: Message


Offsets = Mapping[Partition, int]
"""For each partition the offset to read next."""

LoadOffsets = Callable[[Iterable[Partition]], Awaitable[Offsets]]
"""Where the reader stands, by its own books; a partition that is absent starts at its beginning."""


class BusUnavailable(Exception):
    """The bus cannot be reached now. Nothing was lost: the caller keeps what it has and tries again."""


class Subscription(Protocol):
    """One member's share of a group's partitions."""

    async def fetch(self) -> Sequence[Record]:
        """Wait until there is something, then return what there is, at most the limit given to `subscribe`.

        Records of one partition are in order and follow on from the last fetch. Raises BusUnavailable.
        """
        ...

    async def rewind(self) -> None:
        """Forget what was fetched: the next fetch starts again at the stored offsets (`LoadOffsets`)."""
        ...


class Log(Protocol):
    """The log of a bus, for whoever writes in the same database."""

    @property
    def notifications(self) -> Notifications:
        """What tells and hears in that database; it runs as long as the bus does."""
        ...

    def append(self, writes: Writes, messages: Sequence[Message]) -> Callable[[], None]:
        """Append all messages behind these writes, the last of their transaction.

        Until the commit nobody else can append to the same partitions. What is answered is to be called after it.
        """
        ...


class Bus(Protocol):
    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Append all messages in their order; durable on return. Raises BusUnavailable, after which some may be in."""
        ...

    def log_in(self, database_url: str) -> Log | None:
        """The log, where it lies in this database: what is appended with a transaction needs no relay."""
        ...

    def subscribe(
        self, group: str, topics: Sequence[str], load_offsets: LoadOffsets, *, limit: int = 1_000
    ) -> AbstractAsyncContextManager[Subscription]:
        """Join `group`; leaving the context hands the partitions back at once."""
        ...

    async def end_offsets(self, topic: str) -> Offsets:
        """For every partition of the topic the offset that its next message will get."""
        ...

    def read(self, topic: str, start: Offsets, stop: Offsets | None = None) -> AsyncIterator[Record]:
        """Read outside any group, from `start` (absent: from the beginning) up to, not including, `stop`.

        Without `stop` it follows the log for ever. With it, it ends when every partition is through; one that `stop`
        does not name is through from the start.
        """
        ...
