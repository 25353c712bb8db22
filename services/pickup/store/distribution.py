"""How the tables of pickup are split over nodes: a bag by its id, that an order has one per place by the order."""

from shared.distribution import SHARED, Distributed, Placements, Reference

PLACEMENTS: Placements = {
    **SHARED,
    "locations": Reference(),
    # Every step at the counter names the pickup; a store's work list asks all nodes, each for a few rows of an index.
    "pickups": Distributed("pickup_id"),
    "pickup_lines": Distributed("pickup_id"),
    "order_pickups": Distributed("order_id"),
    # Asked for by the event's identity alone; sources are too few to split by.
    "cancellations": Distributed("event_id"),
}
