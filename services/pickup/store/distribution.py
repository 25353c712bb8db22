"""How the tables of pickup are split over nodes: a bag by its id, that an order has one per place by the order."""

from shared.distribution import SHARED, Distributed, Placements, Reference

PLACEMENTS: Placements = {
    **SHARED,
    "locations": Reference(),
    # Every step at the counter names the pickup; a store's work list asks all nodes, each for a few rows of an index.
    "pickups": Distributed("pickup_id"),
    "pickup_lines": Distributed("pickup_id"),
    # Where its bag is, whose lock is its lock; the place that sends it asks all nodes for one row of an index.
    "transfers": Distributed("pickup_id"),
    # Its bags lie by their own ids, on any node: a round asks all of them, each for a few rows of an index.
    "pick_rounds": Distributed("round_id"),
    "order_pickups": Distributed("order_id"),
    # Asked for by the event's identity alone; sources are too few to split by.
    "cancellations": Distributed("event_id"),
    # Few, read with the locations.
    "stores": Reference(),
    # Whoever takes one names the store; what an order was answered is asked for by the order.
    "slots": Distributed("location_id"),
    "order_slots": Distributed("order_id"),
    "webhooks": Reference(),
    # The sender looks for what is due webhook by webhook.
    "webhook_deliveries": Distributed("webhook_id"),
}
