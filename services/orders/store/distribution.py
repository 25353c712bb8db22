"""How the tables of orders are split over nodes: an order and all that is its own by its id, its name by the name."""

from shared.distribution import SHARED, Distributed, Local, Placements

PLACEMENTS: Placements = {
    **SHARED,
    "orders": Distributed("order_id"),
    "order_lines": Distributed("order_id"),
    "allocations": Distributed("order_id"),
    "timeline": Distributed("order_id"),
    "shipments": Distributed("order_id"),
    "returns": Distributed("order_id"),
    "counted_events": Distributed("order_id"),
    "returns_ahead": Distributed("order_id"),
    # That a name has one order is decided where the name lies; channels are too few to split by.
    "order_names": Distributed("external_id"),
    # Read whole into memory and joined with nothing; and its versions come from a sequence, which an upsert of a
    # reference table may not ask.
    "locations": Local(),
    "routing_policies": Local(),
    "fulfilment_capacities": Local(),
}
