"""The tables of pickup. Identifiers of the caller's compare by bytes (collation C), as Python sorts them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from shared.tables import add_shared_tables, instant

METADATA = MetaData()
add_shared_tables(METADATA)

Exact = Text(collation="C")

# A projection of zaiko.locations; (changed_at, event_id) is the event that the row is from.
LOCATIONS = Table(
    "locations",
    METADATA,
    Column("location_id", Exact, primary_key=True),
    Column("name", Text, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("time_zone", Text),
    Column("offers_pickup", Boolean, nullable=False),
    instant("changed_at"),
    Column("event_id", Exact, nullable=False),
)

PICKUPS = Table(
    "pickups",
    METADATA,
    Column("pickup_id", Uuid(as_uuid=False), primary_key=True),
    Column("order_id", Exact, nullable=False),
    Column("reservation_id", Text, nullable=False),
    Column("location_id", Exact, nullable=False),
    Column("state", Text, nullable=False),
    instant("due_at"),
    instant("requested_at"),
    Column("started_at", DateTime(timezone=True)),
    Column("ready_at", DateTime(timezone=True)),
    Column("held_until", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Column("code", Text),
    Column("wrong_tries", Integer, nullable=False, server_default="0"),
    Column("locked_until", DateTime(timezone=True)),
    Column("reason", Text),
    Index("ix_pickups_order_id", "order_id"),
    Index("ix_pickups_work_list", "location_id", "state", "due_at", "pickup_id"),
    Index("ix_pickups_due_at", "due_at", "pickup_id"),
    Index("ix_pickups_held_until", "held_until", postgresql_where=text("state = 'ready'")),
)

# An order has one pickup at a place. Beside the pickups, because it is unique by another column than they.
ORDER_PICKUPS = Table(
    "order_pickups",
    METADATA,
    Column("order_id", Exact, nullable=False),
    Column("location_id", Exact, nullable=False),
    Column("pickup_id", Uuid(as_uuid=False), nullable=False),
    PrimaryKeyConstraint("order_id", "location_id"),
)

# wanted = quantity - short - cancelled; picked is a part of it.
PICKUP_LINES = Table(
    "pickup_lines",
    METADATA,
    Column("pickup_id", Uuid(as_uuid=False), nullable=False),
    Column("sku", Exact, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("picked", BigInteger, nullable=False, server_default="0"),
    Column("short", BigInteger, nullable=False, server_default="0"),
    Column("cancelled", BigInteger, nullable=False, server_default="0"),
    Column("echo_due", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("pickup_id", "sku"),
)

# Cancellations that took effect: units are taken off once, however often the event comes.
CANCELLATIONS = Table(
    "cancellations",
    METADATA,
    Column("source", Exact, nullable=False),
    Column("event_id", Exact, nullable=False),
    Column("order_id", Exact, nullable=False),
    instant("recorded_at"),
    PrimaryKeyConstraint("source", "event_id"),
)
