"""Counting what goes to the database: it decides what a fact costs, and nobody would notice."""

from collections import Counter
from typing import Any

from sqlalchemy import event

from services.inventory.settings import SCHEMA
from shared.database import Database
from shared.outbox import Outbox


class Counted:
    """A database, and the statements that went to it by their first word; a transaction's ends count too."""

    def __init__(self, url: str, schema: str = SCHEMA) -> None:
        self.database = Database(url, schema, pool_size=1, outbox=Outbox())
        self.statements: Counter[str] = Counter()
        event.listen(self.database.engine.sync_engine, "connect", self._watch)

    def _watch(self, connection: Any, _: Any) -> None:
        connection.driver_connection.add_query_logger(self._count)

    def _count(self, query: Any) -> None:
        self.statements[query.query.split()[0].rstrip(";")] += 1

    def taken(self) -> Counter[str]:
        """What was sent since the last time this was asked."""
        found, self.statements = self.statements, Counter()
        return found
