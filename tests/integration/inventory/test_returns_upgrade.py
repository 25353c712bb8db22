"""What tills had taken back before Zaiko noted it by receipt counts against the receipt from the upgrade on."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from services.inventory import migrations
from services.inventory.domain.returns import Receipt, Standing
from services.inventory.settings import SCHEMA
from services.inventory.store import returns
from shared.database import Database
from shared.migration import migrate

ENTRIES = """
INSERT INTO ledger (location_id, sku, source, event_id, line, kind, out_of, "into", quantity, shelf_change, balance,
    reference, actor, occurred_at, recorded_at)
SELECT 'S1', 'A', source, kind || source, 0, kind, out_of, "into", quantity, 0, 0, reference, 'till', now(), now()
FROM (VALUES
    ('/locations/S1/tills/2', 'sale', 'on_hand', 'customer', 5, 'R1'),
    ('/locations/S1/tills/2', 'return', 'customer', 'on_hand', 1, 'R1'),
    ('/locations/S1/tills/2/epochs/b', 'void', 'customer', 'on_hand', 2, 'R1'),
    ('/locations/S1/tills/2', 'damaged_return', 'customer', 'damaged', 1, 'R2'),
    ('/orders', 'return', 'customer', 'on_hand', 1, 'R1'),
    ('/readers/7', 'return', 'customer', 'on_hand', 1, 'R1'))
    AS entry (source, kind, out_of, "into", quantity, reference)
"""


async def test_returns_from_before_count_by_receipt(database_url: str) -> None:
    database = Database(database_url, SCHEMA, pool_size=1)
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(migrations.__path__)))))

    def to_the_release_before(connection: Connection) -> None:
        connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")

    async with database.transaction() as transaction:
        await transaction.run_sync(to_the_release_before)
        await transaction.execute(text(ENTRIES))
    await migrate(database, migrations)
    items = [(Receipt("S1", "2", name), "A") for name in ("R1", "R2")]
    async with database.transaction() as transaction:
        standings = await returns.standings(transaction, await returns.sold_of(transaction, items))
        due = await returns.due(transaction, datetime.now(UTC), 10)
    await database.close()
    assert standings == {items[0]: Standing(5, 3), items[1]: Standing(0, 1)}
    assert len(due) == 3
