"""An order and its reservation tell one story, place by place."""

from services.verification.agreement import Bag, Order, Promise, disagreements


def order(state: str, units: str | None) -> Order:
    return Order("o1", state, "r1", "ship", units)


def promise(state: str, open_units: int, units: str | None) -> Promise:
    return Promise("o1", "r1", state, open_units, units)


def test_an_order_that_counts_on_another_place_than_is_promised_is_named() -> None:
    there, elsewhere = "1 of A at S1", "1 of A at S2"
    assert disagreements([order("confirmed", there)], [promise("confirmed", 1, there)], [], ()) == []
    (found,) = disagreements([order("confirmed", there)], [promise("confirmed", 1, elsewhere)], [], ())
    assert found == f"order o1 is confirmed, but it counts on {there}, and its reservation promises {elsewhere}"


def test_an_order_in_motion_may_still_differ() -> None:
    assert (
        disagreements([order("confirmed", "1 of A at S1")], [promise("confirmed", 2, "2 of A at S1")], [], {"o1"}) == []
    )


def test_an_order_that_has_ended_counts_on_nothing() -> None:
    assert disagreements([order("completed", None)], [promise("fulfilled", 0, None)], [], ()) == []
    (found,) = disagreements([order("cancelled", None)], [promise("confirmed", 1, "1 of A at S1")], [], ())
    assert found.endswith("its reservation still promises 1 units")


def test_an_order_that_waits_and_its_reservation_wait_together() -> None:
    """What of it is held already is inventory's to know."""
    held = "1 of A at S1"
    assert disagreements([order("backordered", None)], [promise("backordered", 1, held)], [], ()) == []
    (found,) = disagreements([order("backordered", None)], [promise("held", 2, "2 of A at S1")], [], ())
    assert found == "order o1 is backordered, but its reservation is held"
    (found,) = disagreements([order("confirmed", held)], [promise("backordered", 1, held)], [], ())
    assert found == "order o1 is confirmed, but its reservation is backordered"


def test_a_bag_that_one_store_gave_up_does_not_count_once_another_has_it_and_never_have_two() -> None:
    held = "1 of A at S2"

    def found(state: str, *bags: str) -> list[str]:
        placed = Order("o1", state, "r1", "pickup", held if state == "confirmed" else None)
        kept = promise("confirmed", 1, held) if state == "confirmed" else promise("fulfilled", 0, None)
        return disagreements([placed], [kept], [Bag("o1", "r1", bag) for bag in bags], ())

    assert found("confirmed", "cancelled", "picking") == []
    assert found("completed", "expired", "cancelled", "collected") == []
    assert found("confirmed", "cancelled") == ["order o1 is confirmed, but its pickup is cancelled"]
    assert found("confirmed", "requested", "picking") == ["order o1 is confirmed, but several stores have its bag"]
