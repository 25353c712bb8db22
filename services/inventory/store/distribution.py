"""How the tables of inventory are split over nodes: stock by its place, promises by their id."""

from shared.distribution import SHARED, Distributed, Placements, Reference

PLACEMENTS: Placements = {
    **SHARED,
    "locations": Reference(),
    "items": Reference(),
    # Few and seldom changed, and every promise looks at one.
    "channels": Reference(),
    # Deliveries that are on their way: few, and known by their own id wherever they go.
    "incoming": Reference(),
    # A cap is decided under the lock of its row.
    "cap_promises": Distributed("cap_id"),
    # A level and the ledger that it is the fold of: what happens at a place is decided and written where the place is.
    "levels": Distributed("location_id"),
    "ledger": Distributed("location_id"),
    # Which queues are to be looked at is said under the lock of the level.
    "backorder_looks": Distributed("location_id"),
    # What came back of a receipt lies with the sale that it is held against.
    "receipt_returns": Distributed("location_id"),
    "returns_without_receipt": Distributed("sku"),
    # A promise may hold units at several places, so it lies by its id, and its lines with it: every command locks the
    # promise and reads its lines. The other question, who holds units of a shelf, is asked after an oversold alone.
    "reservations": Distributed("reservation_id"),
    "reservation_lines": Distributed("reservation_id"),
    "reservation_commands": Distributed("reservation_id"),
    "backorder_lines": Distributed("reservation_id"),
    # That an order has one promise is decided where the order's row is.
    "order_reservations": Distributed("order_id"),
    # A till is known by its source, wherever it stands today; all its epochs lie together, to tell which is current.
    "tills": Distributed("till"),
    "till_gaps": Distributed("till"),
}
