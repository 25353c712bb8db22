"""The tables of returns: what came back of which receipt, and what came back without one."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

_Exact = Text(collation="C")


def add_return_tables(metadata: MetaData) -> tuple[Table, Table]:
    """Add `receipt_returns` and `returns_without_receipt` to inventory's tables."""
    return _receipt_returns(metadata), _returns_without_receipt(metadata)


def _receipt_returns(metadata: MetaData) -> Table:
    """A row for each line of what brought units of a receipt back: a till's return or void, or a return without a till.

    `names_sale`: whether the sale's receipt was named, or is taken to be the return's own. `returnable` is what could
    come back right before it was granted; null for facts. `excess` units were said to be more than the receipt sold.
    """
    return Table(
        "receipt_returns",
        metadata,
        Column("location_id", _Exact, nullable=False),
        Column("till_id", _Exact, nullable=False),
        Column("receipt_id", _Exact, nullable=False),
        Column("sku", _Exact, nullable=False),
        Column("source", _Exact, nullable=False),
        Column("event_id", _Exact, nullable=False),
        Column("line", Integer, nullable=False),
        Column("quantity", BigInteger, nullable=False),
        Column("returned_to", _Exact, nullable=False),
        Column("names_sale", Boolean, nullable=False),
        Column("returnable", BigInteger),
        Column("excess", BigInteger, nullable=False, server_default="0"),
        Column("noted_at", DateTime(timezone=True), nullable=False),
        Column("due_at", DateTime(timezone=True), nullable=False),
        Column("judged_at", DateTime(timezone=True)),
        PrimaryKeyConstraint("location_id", "till_id", "receipt_id", "sku", "source", "event_id", "line"),
        Index("ix_receipt_returns_due_at", "due_at", postgresql_where=text("judged_at IS NULL")),
    )


def _returns_without_receipt(metadata: MetaData) -> Table:
    """`returnable` is what customers had of the item by all that was known, right before the return was granted."""
    return Table(
        "returns_without_receipt",
        metadata,
        Column("sku", _Exact, nullable=False),
        Column("return_id", Uuid(as_uuid=False), nullable=False),
        Column("line", Integer, nullable=False),
        Column("location_id", _Exact, nullable=False),
        Column("quantity", BigInteger, nullable=False),
        Column("returnable", BigInteger, nullable=False),
        Column("returned_at", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("sku", "return_id", "line"),
    )
