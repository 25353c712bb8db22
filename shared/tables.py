"""The tables that every service has in its own schema: what makes its effects happen exactly once."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
)


def instant(name: str, **options: object) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, **options)  # type: ignore[arg-type]


def add_shared_tables(metadata: MetaData) -> None:
    """The outbox, the consumers' offsets, the idempotency keys and the dead letters."""
    Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("topics", ARRAY(Text), nullable=False),
        Column("keys", ARRAY(Text), nullable=False),
        Column("headers", ARRAY(Text), nullable=False),
        Column("bodies", ARRAY(LargeBinary), nullable=False),
    )
    Table(
        "consumer_offsets",
        metadata,
        Column("consumer", Text, nullable=False),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("next_offset", BigInteger, nullable=False),
        PrimaryKeyConstraint("consumer", "topic", "partition"),
    )
    Table(
        "idempotency_keys",
        metadata,
        Column("actor", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("fingerprint", Text, nullable=False),
        Column("status", Integer, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("headers", Text, nullable=False),
        instant("created_at", server_default=func.now(), index=True),
        PrimaryKeyConstraint("actor", "key"),
    )
    Table(
        "dead_letters",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("headers", Text, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("source", Text, nullable=False),
        Column("event_id", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("detail", Text, nullable=False),
        instant("recorded_at", server_default=func.now()),
    )
