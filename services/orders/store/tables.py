"""The tables of orders."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.tables import add_shared_tables, instant

METADATA = MetaData()
add_shared_tables(METADATA)

Exact = Text(collation="C")
Id = Uuid(as_uuid=False)

ORDERS = Table(
    "orders",
    METADATA,
    Column("order_id", Id, primary_key=True),
    Column("channel", Exact, nullable=False),
    Column("external_id", Exact),
    Column("member_id", Exact),
    Column("currency", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("fulfilment", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("reservation_id", Text),
    Column("bag", Integer, nullable=False, server_default="0", comment="0 none, 1 picking, 2 ready, 3 closed"),
    Column("shortages", JSONB),
    Column("backorder", Boolean, nullable=False, server_default="false"),
    Column("awaited", JSONB, comment="what is still to come, and by when"),
    Column("failed_places", JSONB, comment="item → the places that have failed it, in their order"),
    Column("slot", Text),
    Column("rejection", JSONB),
    instant("created_at"),
    instant("updated_at"),
    Index("ix_orders_external_id", "external_id", "order_id", postgresql_where=text("external_id IS NOT NULL")),
    Index("ix_orders_state", "state", "order_id"),
    Index("ix_orders_member_id", "member_id", "order_id", postgresql_where=text("member_id IS NOT NULL")),
)

# What a channel calls its order: a name is given once. Beside the orders, because it is unique by another column.
ORDER_NAMES = Table(
    "order_names",
    METADATA,
    Column("channel", Exact, nullable=False),
    Column("external_id", Exact, nullable=False),
    Column("order_id", Id, nullable=False),
    PrimaryKeyConstraint("channel", "external_id"),
)

# quantity = open + cancelled + handed_over; `returned` units were handed over before.
ORDER_LINES = Table(
    "order_lines",
    METADATA,
    Column("order_id", Id, nullable=False),
    Column("sku", Exact, nullable=False),
    Column("place", Integer, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("unit_price", BigInteger, nullable=False, comment="minor units of the order's currency"),
    Column("cancelled", BigInteger, nullable=False, server_default="0"),
    Column("handed_over", BigInteger, nullable=False, server_default="0"),
    Column("returned", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("order_id", "sku"),
    CheckConstraint("cancelled >= 0 AND handed_over >= 0 AND cancelled + handed_over <= quantity"),
    CheckConstraint("returned >= 0 AND returned <= handed_over"),
)

ALLOCATIONS = Table(
    "allocations",
    METADATA,
    Column("order_id", Id, nullable=False),
    Column("sku", Exact, nullable=False),
    Column("location_id", Exact, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("cancelled", BigInteger, nullable=False, server_default="0"),
    Column("handed_over", BigInteger, nullable=False, server_default="0"),
    Column("released", BigInteger, nullable=False, server_default="0"),
    Column("promised_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("order_id", "sku", "location_id"),
    CheckConstraint("cancelled >= 0 AND handed_over >= 0 AND cancelled + handed_over <= quantity"),
    Index("ix_allocations_promised_at", "location_id", "promised_at"),
)

TIMELINE = Table(
    "timeline",
    METADATA,
    Column("order_id", Id, nullable=False),
    Column("entry_id", BigInteger, Identity(always=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("cause", Text, nullable=False, comment="an event type or a command"),
    Column("reason", Text),
    PrimaryKeyConstraint("order_id", "entry_id"),
)

SHIPMENTS = Table(
    "shipments",
    METADATA,
    Column("order_id", Id, nullable=False),
    Column("shipment_id", Id, nullable=False),
    Column("location_id", Exact, nullable=False),
    Column("lines", JSONB, nullable=False),
    Column("carrier", Text),
    Column("tracking", Text),
    instant("shipped_at"),
    PrimaryKeyConstraint("order_id", "shipment_id"),
)

RETURNS = Table(
    "returns",
    METADATA,
    Column("order_id", Id, nullable=False),
    Column("return_id", Id, nullable=False),
    Column("location_id", Exact, nullable=False),
    Column("lines", JSONB, nullable=False),
    Column("reason", Text),
    instant("returned_at"),
    Column("till_id", Text),
    Column("receipt_id", Text),
    PrimaryKeyConstraint("order_id", "return_id"),
)

# Units that a till took back before it was heard that they were handed over; tried again when they are due.
RETURNS_AHEAD = Table(
    "returns_ahead",
    METADATA,
    Column("order_id", Id, nullable=False),
    Column("source", Exact, nullable=False),
    Column("event_id", Exact, nullable=False),
    Column("sku", Exact, nullable=False),
    Column("condition", Exact, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("location_id", Exact, nullable=False),
    Column("till_id", Text, nullable=False),
    Column("receipt_id", Text, nullable=False),
    Column("noted_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("order_id", "source", "event_id", "sku", "condition"),
    Index("ix_returns_ahead_due_at", "due_at"),
)

# A projection of what inventory announces; the newest (changed_at, event_id) of a location is the truth about it.
LOCATIONS = Table(
    "locations",
    METADATA,
    Column("location_id", Exact, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("ships", Boolean, nullable=False),
    Column("offers_pickup", Boolean, nullable=False),
    instant("changed_at"),
    Column("event_id", Exact, nullable=False),
    Column("version", BigInteger, Identity(always=True), nullable=False, comment="grows with every change"),
    Column("groups", ARRAY(Text), nullable=False, server_default="{}"),
    Column("time_zone", Text),
)

# By which rules a channel's orders find their places. A channel without a row has the default.
ROUTING_POLICIES = Table(
    "routing_policies",
    METADATA,
    Column("channel", Exact, primary_key=True),
    Column("policy", JSONB, nullable=False),
    instant("updated_at"),
    Column("version", BigInteger, Identity(always=True), nullable=False, comment="grows with every change"),
)

# What a place can do in a day. It may be told before the place is known.
FULFILMENT_CAPACITIES = Table(
    "fulfilment_capacities",
    METADATA,
    Column("location_id", Exact, primary_key=True),
    Column("orders_per_day", Integer),
    Column("cost_amount", BigInteger, comment="of a parcel, in minor units"),
    Column("cost_currency", Text),
    instant("updated_at"),
    Column("version", BigInteger, Identity(always=True), nullable=False, comment="grows with every change"),
)

# Events whose effect adds up rather than settles: each may touch an order once.
COUNTED_EVENTS = Table(
    "counted_events",
    METADATA,
    Column("order_id", Id, nullable=False),
    Column("source", Exact, nullable=False),
    Column("event_id", Exact, nullable=False),
    PrimaryKeyConstraint("order_id", "source", "event_id"),
)
