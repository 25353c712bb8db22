"""Facts in any order of arrival give one level."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.ledger import Account, Entry, Kind, Movement, Position, Shelf, fact_position, post
from services.inventory.domain.levels import Level

NINE = datetime(2017, 11, 20, 9, tzinfo=UTC)
KEY = ("S1", "A")


class Books:
    """A ledger in memory that answers what a store answers: known counts, and what changed after an instant."""

    def __init__(self) -> None:
        self.level = Level()
        self.entries: list[Entry] = []

    def arrive(self, movements: Sequence[Movement]) -> list[Entry]:
        known = {(entry.movement.source, entry.movement.event_id) for entry in self.entries}
        fresh: list[Movement] = []
        for movement in movements:
            if (movement.source, movement.event_id) not in known:
                known.add((movement.source, movement.event_id))
                fresh.append(movement)
        counts = sorted(entry.movement.position for entry in self.entries if entry.kind is Kind.COUNT)
        since = {m.position: self._changed_since(m.position) for m in fresh if m.kind is Kind.COUNT}
        entries = post(fresh, {KEY: Shelf(self.level, counts, since)})
        self.entries += entries
        return entries

    def _changed_since(self, position: Position) -> int:
        return sum(entry.shelf_change for entry in self.entries if place(entry) > position)


def place(entry: Entry) -> Position:
    return entry.restates or entry.movement.position


def at(hour: float) -> datetime:
    return NINE + timedelta(hours=hour - 9)


def movement(kind: Kind, quantity: int, hour: float, event_id: str) -> Movement:
    return Movement("/locations/S1/tills/1", event_id, 0, kind, "A", "S1", quantity, at(hour), "till")


facts = st.tuples(
    st.sampled_from([Kind.SALE, Kind.RETURN, Kind.VOID, Kind.RECEIPT, Kind.DAMAGE, Kind.FULFILMENT]),
    st.integers(1, 20),
)
counts = st.tuples(st.just(Kind.COUNT), st.integers(0, 50))
adjustments = st.tuples(st.just(Kind.ADJUSTMENT), st.integers(-10, 10).filter(bool))
histories = st.lists(st.tuples(st.one_of(facts, facts, counts, adjustments), st.integers(9, 14)), max_size=14).map(
    lambda rows: [movement(kind, quantity, hour, str(n)) for n, ((kind, quantity), hour) in enumerate(rows)]
)
arrivals = histories.flatmap(
    lambda history: st.tuples(
        st.just(history),
        st.permutations(history),
        st.lists(st.sampled_from(history), max_size=6) if history else st.just([]),
        st.integers(1, 5),
    )
)


def expected(history: Sequence[Movement]) -> int:
    """By definition: what the last count found, and the facts after it."""
    last = max(
        (m.position for m in history if m.kind is Kind.COUNT), default=fact_position(datetime.min.replace(tzinfo=UTC))
    )
    start = next((m.quantity for m in history if m.kind is Kind.COUNT and m.position == last), 0)
    return start + sum(change_of(m) for m in history if m.kind is not Kind.COUNT and m.position > last)


def change_of(m: Movement) -> int:
    return m.quantity * (-1 if m.kind in (Kind.SALE, Kind.DAMAGE, Kind.FULFILMENT) else 1)


@given(arrivals)
def test_any_order_any_batching_and_any_duplicates_give_one_level(arrival: tuple) -> None:
    history, shuffled, repeats, size = arrival
    books = Books()
    stream = list(shuffled) + list(repeats)
    arrived: dict[str, Movement] = {}
    for start in range(0, len(stream), size):
        batch = stream[start : start + size]
        books.arrive(batch)
        arrived.update({m.event_id: m for m in batch})
        assert books.level.on_hand == expected(list(arrived.values()))
    assert books.level.on_hand == expected(history)


@given(arrivals)
def test_after_every_arrival_the_balance_at_each_count_is_what_was_counted(arrival: tuple) -> None:
    _, shuffled, _, size = arrival
    books = Books()
    for start in range(0, len(shuffled), size):
        books.arrive(shuffled[start : start + size])
        for count in (entry.movement for entry in books.entries if entry.kind is Kind.COUNT):
            assert sum(e.shelf_change for e in books.entries if place(e) <= count.position) == count.quantity


@given(arrivals)
def test_over_all_accounts_the_units_sum_to_zero_and_the_level_is_the_fold(arrival: tuple) -> None:
    _, shuffled, _, _ = arrival
    books = Books()
    books.arrive(shuffled)
    balances = dict.fromkeys(Account, 0)
    for entry in books.entries:
        assert entry.quantity >= 0
        assert entry.out_of is not entry.into
        balances[entry.out_of] -= entry.quantity
        balances[entry.into] += entry.quantity
    assert sum(balances.values()) == 0
    assert balances[Account.ON_HAND] == books.level.on_hand
    assert balances[Account.DAMAGED] == books.level.damaged


def test_a_sale_older_than_the_count_is_absorbed() -> None:
    books = Books()
    books.arrive([movement(Kind.RECEIPT, 10, 8, "in"), movement(Kind.COUNT, 7, 10, "count")])
    sale, restatement = books.arrive([movement(Kind.SALE, 2, 9, "late")])
    assert (sale.shelf_change, restatement.shelf_change) == (-2, 2)
    assert restatement.occurred_at == at(10)
    assert books.level.on_hand == 7


def test_a_late_count_carries_the_sales_since() -> None:
    books = Books()
    books.arrive([movement(Kind.RECEIPT, 10, 8, "in"), movement(Kind.SALE, 3, 11, "sale")])
    books.arrive([movement(Kind.COUNT, 6, 10, "count")])
    assert books.level.on_hand == 3


def test_a_count_older_than_a_newer_count_changes_nothing_today() -> None:
    books = Books()
    books.arrive([movement(Kind.RECEIPT, 10, 8, "in"), movement(Kind.COUNT, 9, 12, "new")])
    books.arrive([movement(Kind.COUNT, 4, 10, "old")])
    assert books.level.on_hand == 9


def test_a_transfer_leaves_now_and_arrives_when_it_is_received() -> None:
    here, there = Shelf(Level(on_hand=5)), Shelf(Level())
    shelves = {("S1", "A"): here, ("S2", "A"): there}
    out = Movement("/movements", "1", 0, Kind.TRANSFER, "A", "S1", 3, NINE, "operator", to_location_id="S2")
    post([out], shelves)
    assert (here.level.on_hand, there.level.on_hand, there.level.in_transit) == (2, 0, 3)
    arrived = Movement("/movements", "2", 0, Kind.TRANSFER_RECEIPT, "A", "S2", 3, NINE, "operator")
    post([arrived], shelves)
    assert (there.level.on_hand, there.level.in_transit) == (3, 0)


def test_damage_and_repair_move_units_off_the_shelf_and_back() -> None:
    shelf = Shelf(Level(on_hand=5))
    post([movement(Kind.DAMAGE, 2, 9, "1"), movement(Kind.REPAIR, 1, 10, "2")], {KEY: shelf})
    assert (shelf.level.on_hand, shelf.level.damaged) == (4, 1)
