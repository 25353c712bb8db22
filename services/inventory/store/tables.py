"""The tables of inventory. Source and id compare by bytes (collation C), so that SQL and Python sort them alike."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
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
    func,
    text,
)
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, JSONB

from services.inventory.store.return_tables import add_return_tables
from shared.tables import add_shared_tables, instant

METADATA = MetaData()
add_shared_tables(METADATA)
RECEIPT_RETURNS, RETURNS_WITHOUT_RECEIPT = add_return_tables(METADATA)

Exact = Text(collation="C")

LOCATIONS = Table(
    "locations",
    METADATA,
    Column("location_id", Exact, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("time_zone", Text),
    Column("gln", Text),
    Column("ships", Boolean, nullable=False),
    Column("offers_pickup", Boolean, nullable=False),
    Column("groups", ARRAY(Exact), nullable=False, server_default="{}"),
    instant("updated_at", server_default=func.now()),
)

ITEMS = Table(
    "items",
    METADATA,
    Column("sku", Exact, primary_key=True),
    Column("name", Text, nullable=False),
    Column("gtin", Text),
    Column("attributes", JSONB, nullable=False),
    Column("listed", Boolean, nullable=False),
    instant("updated_at", server_default=func.now()),
    Index("ix_items_gtin", "gtin", postgresql_where=text("gtin IS NOT NULL")),
)

LEVELS = Table(
    "levels",
    METADATA,
    Column("sku", Exact, nullable=False),
    Column("location_id", Exact, nullable=False),
    Column("on_hand", BigInteger, nullable=False, server_default="0"),
    Column("reserved", BigInteger, nullable=False, server_default="0"),
    Column("safety_stock", BigInteger, nullable=False, server_default="0"),
    Column("awaited", BigInteger, nullable=False, server_default="0", comment="units owed to backorders"),
    Column("damaged", BigInteger, nullable=False, server_default="0"),
    Column("in_transit", BigInteger, nullable=False, server_default="0"),
    Column("announced_shortfall", BigInteger, nullable=False, server_default="0"),
    Column("counted_at", DateTime(timezone=True), comment="the instant of the latest count that is known"),
    instant("updated_at", server_default=func.now()),
    PrimaryKeyConstraint("sku", "location_id"),
    Index("ix_levels_location_id", "location_id", "sku"),
)

# `location_id` is the place whose books the entry is in; `shelf_change` is what it does to the on_hand there.
# A restatement stands at the place in time of the count that it restates, named by restated_….
LEDGER = Table(
    "ledger",
    METADATA,
    Column("entry_id", BigInteger, Identity(always=True), nullable=False),
    Column("location_id", Exact, nullable=False),
    Column("sku", Exact, nullable=False),
    Column("source", Exact, nullable=False),
    Column("event_id", Exact, nullable=False),
    Column("line", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("out_of", Text, nullable=False),
    Column("into", Text, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("shelf_change", BigInteger, nullable=False),
    Column("counted", BigInteger),
    Column("balance", BigInteger, nullable=False),
    Column("to_location_id", Exact),
    Column("restated_source", Exact),
    Column("restated_event_id", Exact),
    Column("restated_line", Integer),
    Column("reference", Text),
    Column("reason", Text),
    Column("actor", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("location_id", "source", "event_id", "line", "kind"),
    Index("ix_ledger_history", "sku", "location_id", "occurred_at", "entry_id"),
    Index("ix_ledger_counts", "sku", "location_id", "occurred_at", postgresql_where=text("kind = 'count'")),
)

# An order has one reservation, granted or refused: this key is what says so.
ORDER_RESERVATIONS = Table(
    "order_reservations",
    METADATA,
    Column("order_id", Text, primary_key=True),
    Column("reservation_id", Uuid(as_uuid=False), nullable=False),
)

RESERVATIONS = Table(
    "reservations",
    METADATA,
    Column("reservation_id", Uuid(as_uuid=False), primary_key=True),
    Column("reference", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("order_id", Text, comment="the order that this promise is for, once there is one"),
    Column("expires_at", DateTime(timezone=True)),
    instant("created_at"),
    instant("updated_at"),
    Index("ix_reservations_expires_at", "expires_at", postgresql_where=text("state = 'held'")),
)

# quantity = open + in_transit + fulfilled + released; the sum of `open` at a place is the `reserved` of its level.
# `in_transit` units are promised from here and still travel here; they are reserved once they have arrived.
# `available` is what could be promised right before the line was granted: the evidence for invariant 4.
# Of the open units, `told_short` are those whose order was told that no place has them, and has still to answer.
# `cap_id` is the cap of the channel that all but the released units count against, where there is one.
RESERVATION_LINES = Table(
    "reservation_lines",
    METADATA,
    Column("reservation_id", Uuid(as_uuid=False), nullable=False),
    Column("sku", Exact, nullable=False),
    Column("location_id", Exact, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("open", BigInteger, nullable=False),
    Column("fulfilled", BigInteger, nullable=False, server_default="0"),
    Column("available", BigInteger, nullable=False),
    Column("told_short", BigInteger, nullable=False, server_default="0"),
    Column("cap_id", Uuid(as_uuid=False)),
    Column("in_transit", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("reservation_id", "sku", "location_id"),
    Index("ix_reservation_lines_open", "sku", "location_id", postgresql_where=text("open > 0")),
)

# `limits` is a list of {location_group, sku, buffer, share, cap, cap_id, cap_since}, as domain/channels.py has them.
CHANNELS = Table(
    "channels",
    METADATA,
    Column("channel", Exact, primary_key=True),
    Column("name", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("hold_seconds", Integer),
    Column("limits", JSONB, nullable=False),
    instant("updated_at"),
)

# Units of an item that a channel has promised under a cap: open and fulfilled ones. A cap that was taken away keeps
# its rows, because promises that were made under it may still come back.
CAP_PROMISES = Table(
    "cap_promises",
    METADATA,
    Column("cap_id", Uuid(as_uuid=False), nullable=False),
    Column("sku", Exact, nullable=False),
    Column("channel", Exact, nullable=False),
    Column("promised", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("cap_id", "sku"),
)

# What is still to come to a place: quantity - received units, from `expected_at` on, or from `available_from`.
INCOMING = Table(
    "incoming",
    METADATA,
    Column("incoming_id", Exact, primary_key=True),
    Column("location_id", Exact, nullable=False),
    Column("sku", Exact, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False, server_default="0"),
    Column("expected_at", DateTime(timezone=True), nullable=False),
    Column("available_from", DateTime(timezone=True)),
    instant("updated_at"),
    Index("ix_incoming_open", "sku", "location_id", postgresql_where=text("received < quantity")),
)

# Units promised from what is expected; the sum of `open` at a place is the `awaited` of its level.
# `expected` is what could be promised so right before: the evidence that no more was promised than was to come.
BACKORDER_LINES = Table(
    "backorder_lines",
    METADATA,
    Column("reservation_id", Uuid(as_uuid=False), nullable=False),
    Column("sku", Exact, nullable=False),
    Column("location_id", Exact, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("open", BigInteger, nullable=False),
    Column("expected", BigInteger, nullable=False),
    Column("promised_at", DateTime(timezone=True), nullable=False),
    Column("promised_by", DateTime(timezone=True)),
    PrimaryKeyConstraint("reservation_id", "sku", "location_id"),
    Index(
        "ix_backorder_lines_open",
        "sku",
        "location_id",
        "promised_at",
        "reservation_id",
        postgresql_where=text("open > 0"),
    ),
)

# Shelves on which something has changed for those who wait: a look serves them, sets their dates, and ends the row.
BACKORDER_LOOKS = Table(
    "backorder_looks",
    METADATA,
    Column("location_id", Exact, nullable=False),
    Column("sku", Exact, nullable=False),
    PrimaryKeyConstraint("location_id", "sku"),
)

# Which commands a reservation has seen: a partial release that is delivered twice counts once.
RESERVATION_COMMANDS = Table(
    "reservation_commands",
    METADATA,
    Column("reservation_id", Uuid(as_uuid=False), nullable=False),
    Column("source", Exact, nullable=False),
    Column("event_id", Exact, nullable=False),
    Column("command", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("reservation_id", "source", "event_id"),
)

# A row for each source: a till that was replaced has one for each epoch. `till` is the source without the epoch.
# `numbered_events` are the new events that came with a number; more of them than of numbers tell that some were reused.
# `silent_since` is the `last_seen_at` of a silence that was reported. A skew is the greatest sample of its window.
TILLS = Table(
    "tills",
    METADATA,
    Column("till", Exact, nullable=False),
    Column("source", Exact, nullable=False),
    Column("location_id", Exact, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
    Column("missing", INT8MULTIRANGE, nullable=False),
    Column("numbered_events", BigInteger, nullable=False),
    Column("reused_sequences", BigInteger, nullable=False, server_default="0"),
    Column("reused_at", DateTime(timezone=True)),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    Column("last_event_at", DateTime(timezone=True), nullable=False),
    Column("silent_since", DateTime(timezone=True)),
    Column("skew_this_window", Double),
    Column("skew_last_window", Double),
    Column("skew_since", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("till", "source"),
)

# Numbers of a source that were found missing together, and since when. No number is in two gaps of its source.
TILL_GAPS = Table(
    "till_gaps",
    METADATA,
    Column("till", Exact, nullable=False),
    Column("source", Exact, nullable=False),
    Column("first_missing", BigInteger, nullable=False),
    Column("missing", INT8MULTIRANGE, nullable=False),
    Column("open_since", DateTime(timezone=True), nullable=False),
    Column("reported_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("till", "source", "first_missing"),
)
