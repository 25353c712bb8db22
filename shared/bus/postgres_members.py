"""Members of groups on PostgreSQL: a dedicated connection each, that hears, reads and holds the locks."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

import asyncpg
import structlog

from shared.bus import postgres_sql as sql
from shared.bus.base import BusUnavailable, LoadOffsets, Partition, Record
from shared.bus.postgres_ears import Ear, OpenEar, place_of
from shared.notifications import Notifications

_SHARE_S = 2.0
_CLOSE_TIMEOUT_S = 2.0

_log = structlog.get_logger(__name__)


@contextmanager
def connection_faults() -> Iterator[None]:
    """Turns what PostgreSQL says when it is away, going away or full into BusUnavailable."""
    try:
        yield
    except asyncpg.InterfaceError as error:
        if isinstance(error, ValueError):  # asyncpg's name for a wrong argument
            raise
        raise BusUnavailable(str(error)) from error
    except (
        OSError,
        asyncpg.PostgresConnectionError,
        asyncpg.InternalClientError,
        asyncpg.exceptions.OperatorInterventionError,
        asyncpg.exceptions.InsufficientResourcesError,
    ) as error:
        raise BusUnavailable(f"{type(error).__name__}: {error}") from error


def lock_key(*names: object) -> int:
    """These names as a key of an advisory lock: 64 bits, signed."""
    digest = hashlib.blake2b("\n".join(map(str, ("bus", *names))).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class Member:
    """One member of a group: its connection holds a shared lock on the group and one on each partition it owns.

    The locks decide who reads what. That an event takes effect once is for the reader's stored offsets to ensure.
    """

    def __init__(
        self,
        open_ear: OpenEar,
        notifications: Notifications,
        group: str,
        partitions: list[Partition],
        load_offsets: LoadOffsets,
        limit: int,
    ) -> None:
        self._open_ear = open_ear
        self._notifications = notifications
        self._group = group
        self._lock_keys = {partition: lock_key(group, *partition) for partition in partitions}
        self._load_offsets = load_offsets
        self._limit = limit
        self._ear: Ear | None = None
        self._owned: list[Partition] = []
        self._positions: dict[Partition, int] = {}
        self._share_again_at = 0.0

    async def fetch(self) -> Sequence[Record]:
        while True:
            ear = await self.join()
            missing = [partition for partition in self._owned if partition not in self._positions]
            if missing:
                stored = await self._load_offsets(missing)
                self._positions |= {partition: stored.get(partition, 0) for partition in missing}
            elif ear.is_through and not ear.regrouped:
                await ear.wait()
                continue
            with connection_faults():
                records = await ear.page(self._positions, {}, self._limit)
            if records:
                self._advance(records)
                return records

    async def rewind(self) -> None:
        self._positions.clear()

    async def join(self) -> Ear:
        """Be a member with a fair share of the partitions, as far as they are free."""
        ear = self._ear
        try:
            with connection_faults():
                if ear is None or ear.connection.is_closed():
                    self._ear, self._owned, self._positions = None, [], {}
                    ear = await self._open_ear(self._group)
                    await ear.connection.execute(sql.JOIN, lock_key(self._group))
                    self._notifications.tell(sql.REGROUPED, self._group)
                    self._ear = ear
                if ear.regrouped or monotonic() > self._share_again_at:
                    await self._share(ear)
        except BaseException:
            if ear is not None:  # which locks it got is unknown, and a connection that ends gives back all
                ear.connection.terminate()
            raise
        return ear

    async def leave(self) -> None:
        """Hand the partitions back and tell the others."""
        ear, self._ear = self._ear, None
        if ear is None or ear.connection.is_closed():
            return
        try:
            with connection_faults():
                await ear.connection.execute(sql.LEAVE, timeout=_CLOSE_TIMEOUT_S)
                self._notifications.tell(sql.REGROUPED, self._group)
                await ear.connection.close(timeout=_CLOSE_TIMEOUT_S)
        except BusUnavailable as error:
            _log.info("bus.left_without_goodbye", group=self._group, reason=str(error))
        finally:
            ear.connection.terminate()

    async def _share(self, ear: Ear) -> None:
        """Give up what is more than a fair share, or take what is free up to it."""
        ear.regrouped = False
        self._share_again_at = monotonic() + _SHARE_S
        members = await ear.connection.fetchval(sql.MEMBERS, lock_key(self._group))
        share = -(-len(self._lock_keys) // members)
        surplus, self._owned = self._owned[share:], self._owned[:share]
        if surplus:
            for partition in surplus:
                self._positions.pop(partition, None)
            await ear.connection.execute(sql.GIVE_UP, [self._lock_keys[partition] for partition in surplus])
            self._notifications.tell(sql.REGROUPED, self._group)
        elif len(self._owned) < share:
            others = {key: partition for partition, key in self._lock_keys.items() if partition not in self._owned}
            taken = await ear.connection.fetch(sql.TAKE, list(others), share - len(self._owned))
            self._owned += [others[key] for (key,) in taken]
        ear.places = frozenset(map(place_of, self._owned))

    def _advance(self, records: Sequence[Record]) -> None:
        """Whoever was served goes to the end of the queue, so that a busy partition starves no other."""
        for partition, offset in {record.partition: record.offset for record in records}.items():
            del self._positions[partition]
            self._positions[partition] = offset + 1
