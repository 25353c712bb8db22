"""The real log as events: what the bench publishes is what the contract describes."""

from itertools import pairwise

from shared.contracts.event import from_message
from shared.contracts.tills import SALE
from tests.bench.receipts import message, receipts

LINES = 2_000


def test_receipts_are_events_of_the_contract() -> None:
    for receipt in receipts(LINES):
        sent = message(receipt)
        event = from_message(sent.headers, sent.key, sent.value)
        data = SALE.read(event)
        assert (event.type, event.id, event.source) == (SALE.name, receipt.receipt_id, receipt.source)
        assert event.sequence == receipt.sequence
        assert sent.key == data.location_id == receipt.location_id
        assert [(line.sku, line.quantity) for line in data.lines] == [line[:2] for line in receipt.lines]


def test_they_come_in_the_order_of_time_and_number_their_till() -> None:
    found = list(receipts(LINES))
    assert sum(len(receipt.lines) for receipt in found) == LINES
    assert all(earlier.at <= later.at for earlier, later in pairwise(found))
    for source in {receipt.source for receipt in found}:
        own = [receipt.sequence for receipt in found if receipt.source == source]
        assert own == list(range(1, len(own) + 1))
