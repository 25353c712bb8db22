"""An order and its reservation tell one story, place by place."""

from services.verification.agreement import Order, Promise, disagreements


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
