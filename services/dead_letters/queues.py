"""The dead letters of the services, as far as they are in one database."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple, get_args

from services.faults import CannotGoOn
from shared import dead_letter_queue as queue
from shared.database import Database
from shared.dead_letter_queue import Letter, Matching
from shared.statements import chunks

Service = Literal["inventory", "orders", "pickup"]
SERVICES: tuple[Service, ...] = get_args(Service)
TOGETHER = 100
"""So many letters are retried or dropped in one transaction."""


class Place(NamedTuple):
    """Where a letter is: shown and asked for as `inventory/42`."""

    service: Service
    number: int

    def __str__(self) -> str:
        return f"{self.service}/{self.number}"


class Found(NamedTuple):
    place: Place
    letter: Letter


class Queues:
    """The services' tables of dead letters."""

    def __init__(self, databases: dict[Service, Database]) -> None:
        self._databases = databases

    async def newest(self, matching: Matching, limit: int) -> tuple[list[Found], int]:
        """At most so many, the newest first, and how many there are in all."""
        found: list[Found] = []
        total = 0
        for service, database in self._databases.items():
            async with database.reading() as connection:
                letters = await queue.newest(connection, matching, limit)
                total += await queue.count(connection, matching)
            found += [Found(Place(service, letter.id), letter) for letter in letters]
        found.sort(key=lambda each: each.letter.recorded_at, reverse=True)
        return found[:limit], total

    async def places(self, matching: Matching) -> list[Place]:
        """Where all of them are that there are now."""
        places: list[Place] = []
        for service, database in self._databases.items():
            async with database.reading() as connection:
                places += [Place(service, number) for number in await queue.ids(connection, matching)]
        return places

    async def get(self, place: Place) -> Found:
        """Raises CannotGoOn."""
        async with self._database(place.service).reading() as connection:
            letter = await queue.get(connection, place.number)
        if letter is None:
            raise CannotGoOn(f"there is no dead letter {place}: it was retried or dropped, or never was")
        return Found(place, letter)

    async def retry(self, places: Collection[Place]) -> tuple[int, list[Place]]:
        """Publish these again; how many events it were, and which letters were not there."""
        published = 0
        gone = set(places)
        for service, numbers in _by_service(places):
            for some in chunks(numbers, TOGETHER):
                async with self._database(service).transaction() as transaction:
                    retried = await queue.retry(transaction, some)
                published += retried.published
                gone -= {Place(service, number) for number in retried.taken}
        return published, sorted(gone)

    async def drop(self, places: Collection[Place]) -> tuple[int, list[Place]]:
        """Delete these; how many it were, and which were not there."""
        gone = set(places)
        for service, numbers in _by_service(places):
            for some in chunks(numbers, TOGETHER):
                async with self._database(service).transaction() as transaction:
                    dropped = await queue.drop(transaction, some)
                gone -= {Place(service, number) for number in dropped}
        return len(set(places)) - len(gone), sorted(gone)

    def _database(self, service: Service) -> Database:
        if service not in self._databases:
            raise CannotGoOn(f"the tables of {service} are not in this database")
        return self._databases[service]


@asynccontextmanager
async def opened(url: str, services: Sequence[Service]) -> AsyncIterator[Queues]:
    """The queues of these services, or of those among them that are there. Raises CannotGoOn where none is."""
    databases = {service: Database(url, service, pool_size=1) for service in services}
    try:
        there: dict[Service, Database] = {}
        for service, database in databases.items():
            if not await database.is_reachable():
                raise CannotGoOn("the database does not answer, or does not let us in")
            async with database.reading() as connection:
                if await queue.is_there(connection):
                    there[service] = database
        if not there:
            raise CannotGoOn(f"there are no tables of {' or '.join(services)} in this database; `zaiko up` makes them")
        yield Queues(there)
    finally:
        for database in databases.values():
            await database.close()


def _by_service(places: Iterable[Place]) -> Iterable[tuple[Service, list[int]]]:
    numbers: dict[Service, list[int]] = defaultdict(list)
    for place in sorted(set(places)):
        numbers[place.service].append(place.number)
    return numbers.items()
