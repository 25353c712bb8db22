"""What a snapshot holds, and the positions that carry it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inventory.api.positions import Position, decode, encode
from services.inventory.domain.snapshots import Snapshot
from shared.bus.base import Message, Partition, Record
from shared.contracts.stock import TOPIC, TRANSACTION
from shared.errors import InvalidRequest

IDS = st.integers(0, 10**19)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    oldest = draw(IDS)
    length = draw(st.integers(0, 50))
    in_progress = draw(st.frozensets(st.integers(oldest, oldest + length), max_size=9))
    return Snapshot(min(in_progress, default=oldest), oldest + length + 1, in_progress)


@st.composite
def positions(draw: st.DrawFn) -> Position:
    offsets = draw(st.lists(st.integers(0, 10**18 - 1), min_size=1, max_size=64))
    numbered = {Partition(TOPIC, number): offset for number, offset in enumerate(offsets)}
    return Position(numbered, draw(st.none() | snapshots()))


@given(snapshots(), st.integers(-60, 60))
def test_a_snapshot_holds_what_had_ended_and_nothing_that_had_not(snapshot: Snapshot, distance: int) -> None:
    transaction = max(0, snapshot.oldest + distance)
    had_begun = transaction < snapshot.next_id
    assert snapshot.holds(transaction) == (had_begun and transaction not in snapshot.in_progress)
    if transaction < snapshot.oldest:
        assert snapshot.holds(transaction)


@given(positions())
def test_a_position_comes_back_as_it_was(position: Position) -> None:
    text = encode(position)
    assert decode(text) == position
    assert text.isascii()
    assert not set(text) & set(" \r\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "-1",
        "1_0",
        "١",
        "1..2",
        "1" * 19,
        "1@",
        "1@2:3",
        "1@2:3:4,",
        "1@2:3:x",
        "1@2:3:4@5:6:",
        " 1",
        "1\n",
    ],
)
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        decode(text)


def record(offset: int, transaction: str | None) -> Record:
    headers = {} if transaction is None else {f"ce_{TRANSACTION}": transaction}
    return Record(Partition(TOPIC, 0), offset, Message(TOPIC, "S1/A", headers, b""))


def test_a_reader_has_what_lies_before_its_position_and_what_its_snapshot_holds() -> None:
    position = Position({Partition(TOPIC, 0): 5}, Snapshot.parse("812:815:813"))
    assert position.has(record(4, "900"))
    assert position.has(record(5, "811"))
    assert position.has(record(9, "814"))
    assert not position.has(record(9, "813"))
    assert not position.has(record(9, "815"))


@pytest.mark.parametrize("transaction", [None, "", "x", "-1", "1" * 5_000])
def test_a_change_that_names_no_transaction_is_never_left_out(transaction: str | None) -> None:
    position = Position({Partition(TOPIC, 0): 5}, Snapshot.parse("812:815:"))
    assert not position.has(record(5, transaction))


def test_a_reader_that_is_ahead_of_the_feed_is_not_sent_back() -> None:
    first, second = Partition(TOPIC, 0), Partition(TOPIC, 1)
    position = Position({first: 7, second: 2})
    assert position.advanced_to({first: 3, second: 4}).offsets == {first: 7, second: 4}
    assert position.is_within({first: 7, second: 2})
    assert not position.is_within({first: 6, second: 9})
    assert not position.is_within({first: 9})
