"""What came back of which receipt. Units sold are read from the ledger: there is no other record of a sale.

A sale's receipt is its `reference`, and its till the `source` of its entries, where that names a till.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.inventory.domain.returns import Receipt, Standing
from shared.database import Connection, Transaction
from shared.statements import Row, Statement, Writes, columns, listed

Item = tuple[Receipt, str]
"""An item of a receipt, by its sku."""

# Epochs of one till number its receipts on. '0' is the character after '/'.
_OF_TILL = "(source = {till} OR (source > {till} || '/epochs/' AND source < {till} || '/epochs0'))"
# The sale whose event has the receipt's number for its id is the whole sale: it is found at once.
_NAMED = """
    tills JOIN ledger ON ledger.location_id = {item}location_id AND ledger.source = tills.source
        AND ledger.event_id = {item}receipt_id AND reference = {item}receipt_id AND kind = 'sale'
    WHERE tills.till = {item}till
"""
_ITEM = {"location_ids": "text", "till_ids": "text", "receipt_ids": "text", "tills": "text", "skus": "text"}
_ITEMS = f"{listed(_ITEM)} WITH ORDINALITY AS item (location_id, till_id, receipt_id, till, sku, place)"
_SOLD_OF = Statement(
    f"""
    SELECT place, coalesce(CASE WHEN named.is_there THEN named.sold ELSE (
        SELECT sum(quantity) FROM ledger
        WHERE ledger.sku = item.sku AND ledger.location_id = item.location_id AND kind = 'sale'
            AND reference = item.receipt_id AND {_OF_TILL.format(till="item.till")}) END, 0) AS sold
    FROM {_ITEMS}
    CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS is_there, sum(quantity) FILTER (WHERE ledger.sku = item.sku) AS sold
        FROM {_NAMED.format(item="item.")}) AS named
    """
)
_CAME_BACK_OF = Statement(
    f"""
    SELECT place, coalesce(sum(quantity), 0) AS came_back, coalesce(sum(excess), 0) AS excess
    FROM {_ITEMS} LEFT JOIN receipt_returns AS back USING (location_id, till_id, receipt_id, sku) GROUP BY place
    """
)
_LOCK_ITEMS = Statement("SELECT FROM items WHERE sku = ANY(CAST(:skus AS text[])) ORDER BY sku FOR NO KEY UPDATE")
_HELD = Statement(
    """
    SELECT sku, (
        SELECT coalesce(sum(CASE "into" WHEN 'customer' THEN quantity ELSE -quantity END), 0)
        FROM ledger WHERE ledger.sku = item.sku AND 'customer' IN (out_of, "into")) AS held
    FROM unnest(CAST(:skus AS text[])) AS item (sku)
    """
)
_NOTED = {
    "location_id": "text",
    "till_id": "text",
    "receipt_id": "text",
    "sku": "text",
    "source": "text",
    "event_id": "text",
    "line": "integer",
    "quantity": "bigint",
    "returned_to": "text",
    "names_sale": "boolean",
    "returnable": "bigint",
    "judged_at": "timestamptz",
}
_NAMES = ", ".join(_NOTED)
_NOTE = Statement(
    f"""
    INSERT INTO receipt_returns ({_NAMES}, noted_at, due_at)
    SELECT {_NAMES}, CAST(:now AS timestamptz), CAST(:now AS timestamptz) FROM {listed(_NOTED)} AS noted ({_NAMES})
    """
)
_WITHOUT = {
    "sku": "text",
    "return_id": "uuid",
    "line": "integer",
    "location_id": "text",
    "quantity": "bigint",
    "returnable": "bigint",
}
_NOTE_WITHOUT = Statement(
    f"""
    INSERT INTO returns_without_receipt ({", ".join(_WITHOUT)}, returned_at)
    SELECT {", ".join(_WITHOUT)}, CAST(:now AS timestamptz) FROM {listed(_WITHOUT)} AS noted ({", ".join(_WITHOUT)})
    """
)
_SOLD = Statement(
    f"""
    WITH receipt AS (
        SELECT CAST(:location_id AS text) AS location_id, CAST(:receipt_id AS text) AS receipt_id,
            CAST(:till AS text) AS till),
    named AS MATERIALIZED (
        SELECT sku, quantity, occurred_at FROM receipt CROSS JOIN LATERAL (
            SELECT ledger.sku, quantity, occurred_at FROM {_NAMED.format(item="receipt.")}) AS entry),
    entry AS (
        SELECT * FROM named
        UNION ALL
        SELECT sku, quantity, occurred_at FROM ledger
        WHERE NOT EXISTS (SELECT FROM named) AND location_id = CAST(:location_id AS text) AND kind = 'sale'
            AND reference = CAST(:receipt_id AS text) AND {_OF_TILL.format(till="CAST(:till AS text)")})
    SELECT sku, CAST(sum(quantity) AS bigint) AS sold, min(occurred_at) AS sold_at FROM entry GROUP BY sku ORDER BY sku
    """
)
_CAME_BACK = Statement(
    """
    SELECT sku, quantity, returned_to, source, noted_at FROM receipt_returns
    WHERE location_id = :location_id AND till_id = :till_id AND receipt_id = :receipt_id
    ORDER BY noted_at, source, event_id, line
    """
)
# Whoever holds this lock is the only one that looks; it ends with the transaction.
_LOOK = Statement(
    "SELECT pg_try_advisory_xact_lock(hashtextextended('zaiko returns ' || current_schema(), 0)) AS looks"
)
_DUE = Statement(
    """
    SELECT location_id, till_id, receipt_id, sku, source, event_id, line, returned_to, names_sale, noted_at
    FROM receipt_returns WHERE judged_at IS NULL AND due_at <= :now ORDER BY due_at LIMIT :limit
    """
)
_JUDGED = {
    "location_id": "text",
    "till_id": "text",
    "receipt_id": "text",
    "sku": "text",
    "source": "text",
    "event_id": "text",
    "line": "integer",
    "excess": "bigint",
    "due_at": "timestamptz",
    "judged_at": "timestamptz",
}
_JUDGE = Statement(
    f"""
    UPDATE receipt_returns AS back SET excess = new.excess, due_at = new.due_at, judged_at = new.judged_at
    FROM {listed(_JUDGED)} AS new ({", ".join(_JUDGED)})
    WHERE (back.location_id, back.till_id, back.receipt_id, back.sku, back.source, back.event_id, back.line)
        = (new.location_id, new.till_id, new.receipt_id, new.sku, new.source, new.event_id, new.line)
    """
)


class Noted(NamedTuple):
    """Units of a receipt's item that came back, or were voided; `returnable` and `judged_at` are None for a fact."""

    receipt: Receipt
    sku: str
    source: str
    event_id: str
    line: int
    quantity: int
    returned_to: str
    names_sale: bool
    returnable: int | None = None
    judged_at: datetime | None = None

    @property
    def location_id(self) -> str:
        return self.receipt.location_id

    @property
    def till_id(self) -> str:
        return self.receipt.till_id

    @property
    def receipt_id(self) -> str:
        return self.receipt.receipt_id


class WithoutReceipt(NamedTuple):
    """A line of a return for which there was no receipt."""

    sku: str
    return_id: str
    line: int
    location_id: str
    quantity: int
    returnable: int


class Judged(NamedTuple):
    """What a look found of a row; without `judged_at` it is looked at again once it is due."""

    location_id: str
    till_id: str
    receipt_id: str
    sku: str
    source: str
    event_id: str
    line: int
    excess: int
    due_at: datetime
    judged_at: datetime | None


async def lock_items(transaction: Transaction, skus: Iterable[str]) -> None:
    """One return without a receipt at a time for each item; to be taken before the locks of levels."""
    await _LOCK_ITEMS.rows(transaction, skus=sorted(set(skus)))


async def sold_of(connection: Connection, items: Collection[Item]) -> dict[Item, int]:
    """Units that each receipt sold of its item: no fewer than this, for a sale is never taken out of the ledger.

    Where the sale's event is not named like the receipt, all that happened to the item at the place is read: to be
    asked before the locks of levels.
    """
    asked = sorted(set(items))
    return {asked[row.place - 1]: int(row.sold) for row in await _SOLD_OF.rows(connection, **_by_column(asked))}


async def standings(transaction: Transaction, sold: Mapping[Item, int]) -> dict[Item, Standing]:
    """How each item of a receipt stands; to decide a return, asked under the lock of the level where it was sold."""
    asked = sorted(sold)
    rows = await _CAME_BACK_OF.rows(transaction, **_by_column(asked))
    found = {asked[row.place - 1]: row for row in rows}
    return {item: Standing(sold[item], int(row.came_back), int(row.excess)) for item, row in found.items()}


def _by_column(items: Sequence[Item]) -> dict[str, list[str]]:
    return {
        "location_ids": [receipt.location_id for receipt, _ in items],
        "till_ids": [receipt.till_id for receipt, _ in items],
        "receipt_ids": [receipt.receipt_id for receipt, _ in items],
        "tills": [receipt.till for receipt, _ in items],
        "skus": [sku for _, sku in items],
    }


async def held_by_customers(transaction: Transaction, skus: Collection[str]) -> dict[str, int]:
    """Units of each item that were sold, by whatever channel, and have not come back; to be asked under its lock.

    Reads all that ever happened to the items: before the locks of levels.
    """
    return {row.sku: int(row.held) for row in await _HELD.rows(transaction, skus=sorted(set(skus)))}


def note(writes: Writes, noted: Sequence[Noted], now: datetime) -> None:
    if noted:
        writes.add(_NOTE, **columns(noted, *_NOTED), now=now)


def note_without_receipt(writes: Writes, noted: Sequence[WithoutReceipt], now: datetime) -> None:
    if noted:
        writes.add(_NOTE_WITHOUT, **columns(noted, *_WITHOUT), now=now)


async def sold(connection: Connection, receipt: Receipt) -> Sequence[Row]:
    """What a receipt sold, (sku, sold, sold_at), by sku.

    Where the sale's event is not named like the receipt, all that the till ever told is looked through.
    """
    return await _SOLD.rows(
        connection, location_id=receipt.location_id, receipt_id=receipt.receipt_id, till=receipt.till
    )


async def came_back(connection: Connection, receipt: Receipt) -> Sequence[Row]:
    """What came back of a receipt, (sku, quantity, returned_to, source, noted_at), in the order it was recorded."""
    return await _CAME_BACK.rows(connection, **receipt._asdict())


async def look(transaction: Transaction) -> bool:
    """Whether this transaction is the one that looks; otherwise another does."""
    return bool((await _LOOK.rows(transaction))[0].looks)


async def due(transaction: Transaction, now: datetime, limit: int) -> Sequence[Row]:
    """What tills told that is still to be held against its sale, the longest due first."""
    return await _DUE.rows(transaction, now=now, limit=limit)


async def judge(transaction: Transaction, judged: Sequence[Judged]) -> None:
    await _JUDGE.run(transaction, **columns(judged, *_JUDGED))


def items_of(rows: Iterable[Mapping[str, str]]) -> list[Item]:
    """The receipt and the item that each of the rows is about."""
    return [(Receipt(row["location_id"], row["till_id"], row["receipt_id"]), row["sku"]) for row in rows]
