"""The tables of pickup. Identifiers of the caller's compare by bytes (collation C), as Python sorts them."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
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
    Column("ships", Boolean, nullable=False, server_default="false"),
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
    Column("late_at", DateTime(timezone=True)),
    Column("remind_at", DateTime(timezone=True)),
    Column("reminded_at", DateTime(timezone=True)),
    Column("bag_location", Text),
    Column("collector", Text),
    Column("collected_by", Text),
    Column("round_id", Uuid(as_uuid=False)),
    Column("stars", Integer),
    Column("words", Text),
    Column("rated_at", DateTime(timezone=True)),
    Column("ship_to_store", Boolean, nullable=False, server_default="false"),
    Index("ix_pickups_order_id", "order_id"),
    Index("ix_pickups_work_list", "location_id", "state", "due_at", "pickup_id"),
    Index("ix_pickups_due_at", "due_at", "pickup_id"),
    Index("ix_pickups_held_until", "held_until", postgresql_where=text("state = 'ready'")),
    Index("ix_pickups_round_id", "round_id", postgresql_where=text("round_id IS NOT NULL")),
    Index(
        "ix_pickups_ratings",
        "location_id",
        "rated_at",
        "pickup_id",
        postgresql_include=["stars"],
        postgresql_where=text("rated_at IS NOT NULL"),
    ),
    Index(
        "ix_pickups_not_yet_late",
        "due_at",
        postgresql_where=text("state IN ('requested', 'picking') AND late_at IS NULL"),
    ),
    Index("ix_pickups_remind_at", "remind_at", postgresql_where=text("state = 'ready' AND reminded_at IS NULL")),
)

# Its bags are the pickups that name it.
PICK_ROUNDS = Table(
    "pick_rounds",
    METADATA,
    Column("round_id", Uuid(as_uuid=False), primary_key=True),
    Column("location_id", Exact, nullable=False),
    instant("begun_at"),
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

# wanted = quantity - short - cancelled; picked and arriving are parts of it.
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
    Column("arriving", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("pickup_id", "sku"),
)

# What another place is asked to send to the store of a bag. `lines` is a list of {sku, quantity, cancelled, sent}; the
# lock of the pickup is its lock.
TRANSFERS = Table(
    "transfers",
    METADATA,
    Column("pickup_id", Uuid(as_uuid=False), nullable=False),
    Column("transfer_id", Uuid(as_uuid=False), nullable=False),
    Column("from_location_id", Exact, nullable=False),
    Column("to_location_id", Exact, nullable=False),
    Column("lines", JSONB, nullable=False),
    instant("due_at"),
    instant("requested_at"),
    Column("state", Text, nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("pickup_id", "transfer_id"),
    Index("ix_transfers_transfer_id", "transfer_id"),
    Index("ix_transfers_from", "from_location_id", "state", "due_at", "transfer_id"),
    Index("ix_transfers_to", "to_location_id", "state", "due_at", "transfer_id"),
    Index("ix_transfers_due_at", "due_at", "transfer_id"),
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

# Who is told of what has happened. The old secret signs beside the new one until `previous_secret_until`.
WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("webhook_id", Exact, primary_key=True),
    Column("url", Text, nullable=False),
    Column("event_types", ARRAY(Text), nullable=False),
    Column("secret", Text, nullable=False),
    Column("previous_secret", Text),
    Column("previous_secret_until", DateTime(timezone=True)),
    Column("is_enabled", Boolean, nullable=False),
    instant("enabled_at"),
    Column("disabled_at", DateTime(timezone=True)),
    Column("disabled_reason", Text),
    Column("failing_since", DateTime(timezone=True)),
    Column("paused_until", DateTime(timezone=True)),
    instant("created_at"),
)

# One event for one webhook. `attempts` are those of the schedule that is running: a replay begins a new one.
WEBHOOK_DELIVERIES = Table(
    "webhook_deliveries",
    METADATA,
    Column("webhook_id", Exact, nullable=False),
    Column("delivery_id", Uuid(as_uuid=False), nullable=False),
    Column("event_source", Exact, nullable=False),
    Column("event_id", Exact, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", DateTime(timezone=True)),
    instant("created_at"),
    Column("last_attempt_at", DateTime(timezone=True)),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("closed_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("webhook_id", "delivery_id"),
    Index("ix_webhook_deliveries_event", "webhook_id", "event_source", "event_id", unique=True),
    Index(
        "ix_webhook_deliveries_next_attempt_at",
        "webhook_id",
        "next_attempt_at",
        postgresql_where=text("state = 'pending'"),
    ),
    Index("ix_webhook_deliveries_closed_at", "closed_at", postgresql_where=text("state <> 'pending'")),
)

# When a store is open and how it makes bags, as it was put. Hours are lists of (opens, closes) by weekday, and by date;
# slot_capacity is bags in half an hour, null where no slots are offered.
STORES = Table(
    "stores",
    METADATA,
    Column("location_id", Exact, primary_key=True),
    Column("opening_hours", JSONB, nullable=False),
    Column("exceptions", JSONB, nullable=False),
    Column("pickers", Integer, nullable=False),
    Column("seconds_per_order", Double, nullable=False),
    Column("seconds_per_line", Double, nullable=False),
    Column("slot_capacity", Integer),
    instant("changed_at"),
)

# How many orders have each slot: the row whose lock decides who gets the last place.
SLOTS = Table(
    "slots",
    METADATA,
    Column("location_id", Exact, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("taken", Integer, nullable=False),
    PrimaryKeyConstraint("location_id", "starts_at"),
)

# What became of an order's wish for a slot: taken, refused, or free_again. It asks once.
ORDER_SLOTS = Table(
    "order_slots",
    METADATA,
    Column("order_id", Exact, primary_key=True),
    Column("location_id", Exact, nullable=False),
    instant("starts_at"),
    Column("state", Text, nullable=False),
)
