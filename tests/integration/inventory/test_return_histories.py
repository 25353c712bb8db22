"""Sales, voids and returns of one receipt, told and asked in any order and looked at in between, add up in the end."""

import json
from datetime import datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.inventory.domain.returns import Receipt, Units
from services.inventory.store.verification import INVARIANTS
from services.inventory.usecases.return_watch import watch_returns
from services.inventory.usecases.returns import BringBack, Returned, bring_back
from shared import outbox
from shared.contracts.returns import EXCEEDED
from shared.identifiers import new_id
from tests.integration.inventory.conftest import till_event
from tests.integration.inventory.floor import Floor, after, opened

PATIENCE = timedelta(seconds=60)
NUMBERS = count()
"""Every example has a receipt and an item of its own, so that all can share one database."""
TOLD = ("sale", "return", "return elsewhere", "void")

steps = st.lists(
    st.tuples(
        st.sampled_from([*TOLD, "bring", "bring without", "tell again", "look"]),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=14,
)


class Story:
    """What happens to one receipt, and what by the rules must come of it."""

    def __init__(self, floor: Floor, number: int) -> None:
        self._floor = floor
        self._sku = f"A{number}"
        self._receipt = Receipt("S1", "2", f"R{number}")
        self._number = number
        self.sold = self.came_back = self.without = self.worst = 0
        self.is_named = False
        self._last: tuple[str, int, int] | None = None

    async def live(self, place: int, kind: str, units: int) -> None:
        now = after(place)
        if kind in TOLD:
            await self._tell(place, kind, units, now)
            self._last = (kind, place, units)
            self.sold += units if kind == "sale" else 0
            self.came_back += units if kind != "sale" else 0
            self.is_named |= kind == "return elsewhere"
        elif kind == "tell again" and self._last is not None:
            await self._tell(self._last[1], self._last[0], self._last[2], now)
        elif kind == "bring":
            fits = units <= self.sold - self.came_back
            assert await self._bring(self._receipt, units, now) == fits
            self.came_back += units if fits else 0
        elif kind == "bring without":
            fits = units <= self.sold - self.came_back - self.without
            assert await self._bring(None, units, now) == fits
            self.without += units if fits else 0
        elif kind == "look":
            await self.look(now)
        self.worst = max(self.worst, self.came_back - self.sold)

    async def look(self, now: datetime) -> None:
        async with self._floor.database.transaction() as transaction:
            await watch_returns(transaction, PATIENCE, now)

    async def said(self) -> int:
        """Units of this receipt that were announced to be too many."""
        async with self._floor.database.transaction() as transaction:
            found = await outbox.waiting(transaction, 100_000)
        told = [json.loads(it.value) for it in found.messages if it.headers["ce_type"] == EXCEEDED.name]
        return sum(event["excess"] for event in told if event["receipt"]["receipt_id"] == self._receipt.receipt_id)

    async def _tell(self, place: int, kind: str, units: int, now: datetime) -> None:
        event = till_event(kind.split()[0], f"{self._number}-{place}", "2017-11-20T08:00:00Z", (self._sku, units))
        event["data"]["receipt_id"] = self._receipt.receipt_id
        if kind == "return elsewhere":
            event["data"] |= {"receipt_id": f"own-{self._number}", "original_receipt": self._receipt._asdict()}
        await self._floor.tell(now, event)

    async def _bring(self, receipt: Receipt | None, units: int, now: datetime) -> bool:
        asked = BringBack(new_id(), "S1", receipt, [Units(self._sku, units, "sellable")], None, "operator")
        async with self._floor.database.transaction() as transaction:
            (outcome,) = await bring_back(transaction, [asked], now)
        return isinstance(outcome, Returned)


@settings(
    max_examples=80,
    deadline=None,
    phases=set(Phase) - {Phase.explain},
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps)
async def test_any_history_of_a_receipt_adds_up(inventory_url: str, steps: list[tuple[str, int]]) -> None:
    async with opened(inventory_url) as floor:
        story = Story(floor, next(NUMBERS))
        for place, (kind, units) in enumerate(steps):
            await story.live(place, kind, units)
        await story.look(after(len(steps)) + PATIENCE)

        said = await story.said()
        if story.sold:
            assert max(0, story.came_back - story.sold) <= said <= story.worst
        else:
            assert said == (story.came_back if story.is_named else 0)
        async with floor.database.reading() as connection:
            assert [line for it in INVARIANTS for line in await it.violations(connection)] == []
