"""Slots as orders and pickup see them."""

import pytest

from services.verification.slots import Wished, slot_disagreements


@pytest.mark.parametrize(
    ("state", "slot", "counted", "agree"),
    [
        ("confirmed", "taken", "taken", True),
        ("confirmed", "taken", "free_again", False),
        ("confirmed", "wanted", "taken", False),
        ("ready_for_pickup", "taken", "refused", False),
        ("completed", "taken", "free_again", True),
        ("rejected", "refused", "refused", True),
        ("rejected", "wanted", "taken", False),
        ("cancelled", "taken", "free_again", True),
        ("cancelled", "taken", "taken", False),
    ],
)
def test_an_order_that_stands_has_its_slot_and_one_that_ended_has_none(
    state: str, slot: str, counted: str, agree: bool
) -> None:
    wished = [Wished("A", state, slot)]
    assert (slot_disagreements(wished, {"A": counted}, set()) == []) is agree
    assert slot_disagreements(wished, {"A": counted}, {"A"}) == [], "its events are on their way"


def test_an_order_that_pickup_never_heard_of_has_no_slot() -> None:
    assert slot_disagreements([Wished("A", "confirmed", "taken")], {}, set()) != []
