"""What may come back, by the rules alone: of any requests in any order never more is granted than there was."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.returns import Claim, Granted, Receipt, Standing, TooMuch, Units, claim, excess

RECEIPTS = (Receipt("S1", "2", "R1"), Receipt("S1", "2", "R2"), Receipt("S2", "2", "R1"))
SKUS = ("A", "B")

lines = st.lists(
    st.builds(Units, st.sampled_from(SKUS), st.integers(1, 3), st.sampled_from(["sellable", "damaged"])),
    min_size=1,
    max_size=3,
)
requests = st.lists(st.tuples(st.sampled_from([*RECEIPTS, None]), lines), max_size=15)
sold = st.fixed_dictionaries({(receipt, sku): st.integers(0, 4) for receipt in RECEIPTS for sku in SKUS})


@given(sold, requests)
def test_never_more_comes_back_than_was_sold_with_or_without_a_receipt(
    sold: dict[Claim, int], requests: list[tuple[Receipt | None, list[Units]]]
) -> None:
    in_all = {(None, sku): sum(units for (_, sold_sku), units in sold.items() if sold_sku == sku) for sku in SKUS}
    left: dict[Claim, int] = {**sold, **in_all}
    granted: dict[Claim, int] = dict.fromkeys(left, 0)
    for receipt, lines in requests:
        before = dict(left)
        verdict = claim(receipt, lines, left)
        wanted = {sku: sum(line.quantity for line in lines if line.sku == sku) for sku in {line.sku for line in lines}}
        fits = all(units <= before[receipt, sku] for sku, units in wanted.items())
        assert isinstance(verdict, Granted) == fits
        if isinstance(verdict, TooMuch):
            assert left == before
            assert {short.sku for short in verdict.shortages} == {
                sku for sku, units in wanted.items() if units > before[receipt, sku]
            }
            continue
        assert all(line.quantity <= there for line, there in zip(lines, verdict.returnable, strict=True))
        for sku, units in wanted.items():
            granted[receipt, sku] += units
    assert all(granted[held] <= units for held, units in sold.items())
    assert all(granted[held] <= units for held, units in in_all.items())


histories = st.lists(st.tuples(st.sampled_from(["sale", "return", "look"]), st.integers(1, 3)), min_size=1, max_size=20)


@given(histories, st.booleans())
def test_what_tills_told_beyond_a_sale_is_said_once_for_every_unit(
    history: list[tuple[str, int]], names_sale: bool
) -> None:
    standing = Standing()
    worst = 0
    for kind, units in history:
        if kind == "sale":
            standing = replace(standing, sold=standing.sold + units)
        elif kind == "return":
            standing = replace(standing, came_back=standing.came_back + units)
        else:
            said = excess(standing, names_sale=names_sale, sale_may_come=False)
            assert said is not None
            standing = replace(standing, excess=standing.excess + said)
            if standing.sold or names_sale:
                worst = max(worst, standing.came_back - standing.sold)
    assert standing.excess == worst


def test_a_sale_that_may_still_come_is_waited_for() -> None:
    assert excess(Standing(came_back=1), names_sale=True, sale_may_come=True) is None
    assert excess(Standing(sold=1, came_back=2), names_sale=True, sale_may_come=True) == 1


def test_a_return_whose_number_is_no_sales_is_held_against_nothing() -> None:
    assert excess(Standing(came_back=1), names_sale=False, sale_may_come=False) == 0
