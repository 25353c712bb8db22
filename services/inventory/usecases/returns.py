"""What a till sold comes back without a till: to another store, or by post; with a receipt, or without."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.inventory.domain.ledger import Kind, Movement
from services.inventory.domain.returns import Claim, Granted, Receipt, TooMuch, Units, by_claim, claim
from services.inventory.store import locations
from services.inventory.store import returns as store
from services.inventory.usecases.ledger import record
from services.inventory.usecases.levels import SOURCE, LockedLevels, create, lock, settle
from shared.contracts.event import Event
from shared.contracts.orders import ReturnedLine
from shared.contracts.returns import RECORDED, ReturnRecorded
from shared.contracts.tills import ReceiptName
from shared.database import Transaction
from shared.errors import DomainError, InvalidRequest
from shared.identifiers import new_id
from shared.statements import gathered

RETURNS = "/returns"
"""The source of what was taken back without a till, in the ledger; a return's id is its event's."""


@dataclass(frozen=True, slots=True)
class BringBack:
    """A customer's units, at a place."""

    return_id: str
    location_id: str
    receipt: Receipt | None
    lines: Sequence[Units]
    reason: str | None
    actor: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A return that was granted, with the evidence for each line."""

    asked: BringBack
    granted: Granted


async def bring_back(
    transaction: Transaction, requests: Sequence[BringBack], now: datetime
) -> list[Returned | DomainError]:
    """Take each request's units back, all or none, in order; refused is what is more than was sold.

    Two returns of one receipt are decided one after the other, under the lock of the levels where it was sold; two
    without a receipt under the lock of the item.
    """
    unknown = await locations.unknown(transaction, [asked.location_id for asked in requests])
    claims = _claims(requests)
    held = await _held(transaction, [sku for receipt, sku in claims if receipt is None])
    sold = await store.sold_of(transaction, [(receipt, sku) for receipt, sku in claims if receipt is not None])
    # What reads much is behind us: tills and promises wait for these locks.
    levels = await lock(transaction, _touched(requests))
    returnable = by_claim(await store.standings(transaction, sold), held)
    outcomes = [_take(asked, asked.location_id in unknown, returnable) for asked in requests]
    await _write(transaction, [outcome for outcome in outcomes if isinstance(outcome, Returned)], levels, now)
    return outcomes


def _claims(requests: Sequence[BringBack]) -> set[Claim]:
    return {(asked.receipt, line.sku) for asked in requests for line in asked.lines}


def _touched(requests: Sequence[BringBack]) -> set[tuple[str, str]]:
    """The levels where the units come to, and those where they were sold."""
    sold = {(receipt.location_id, sku) for receipt, sku in _claims(requests) if receipt is not None}
    return sold | {(asked.location_id, line.sku) for asked in requests for line in asked.lines}


async def _held(transaction: Transaction, skus: Sequence[str]) -> dict[str, int]:
    """What customers have of the items, one such question at a time for each."""
    if not skus:
        return {}
    await store.lock_items(transaction, skus)
    return await store.held_by_customers(transaction, skus)


def _take(asked: BringBack, is_unknown: bool, returnable: dict[Claim, int]) -> Returned | DomainError:
    if is_unknown:
        return InvalidRequest("/location_id", f"there is no location {asked.location_id}", "unknown_location")
    verdict = claim(asked.receipt, asked.lines, returnable)
    return _too_much(asked, verdict) if isinstance(verdict, TooMuch) else Returned(asked, verdict)


def _too_much(asked: BringBack, verdict: TooMuch) -> DomainError:
    first = verdict.shortages[0]
    held_against = "on this receipt, as far as its till has told" if asked.receipt else "without a receipt"
    return DomainError(
        "more_than_sold",
        f"Only {first.returnable} of {first.sku} can still come back {held_against}.",
        shortages=[
            {"sku": short.sku, "requested": short.requested, "returnable": short.returnable}
            for short in verdict.shortages
        ],
    )


async def _write(transaction: Transaction, returned: Sequence[Returned], levels: LockedLevels, now: datetime) -> None:
    movements = [movement for taken in returned for movement in _movements(taken.asked, now)]
    await create(transaction, levels, {movement.key for movement in movements} - levels.keys())
    writes = gathered(transaction)
    await record(transaction, levels, movements, now)
    store.note(writes, [noted for taken in returned for noted in _noted(taken, now)], now)
    without = [noted for taken in returned for noted in _without_receipt(taken)]
    store.note_without_receipt(writes, without, now)
    await settle(transaction, levels, now, [_recorded(taken.asked, now) for taken in returned])


def _movements(asked: BringBack, now: datetime) -> list[Movement]:
    """Sellable units are stock at once, damaged ones lie apart."""
    return [
        Movement(
            source=RETURNS,
            event_id=asked.return_id,
            line=number,
            kind=Kind.RETURN if line.condition == "sellable" else Kind.DAMAGED_RETURN,
            sku=line.sku,
            location_id=asked.location_id,
            quantity=line.quantity,
            occurred_at=now,
            actor=asked.actor,
            reference=asked.receipt.receipt_id if asked.receipt else None,
            reason=asked.reason,
        )
        for number, line in enumerate(asked.lines)
    ]


def _noted(taken: Returned, now: datetime) -> list[store.Noted]:
    asked = taken.asked
    if asked.receipt is None:
        return []
    return [
        store.Noted(
            receipt=asked.receipt,
            sku=line.sku,
            source=RETURNS,
            event_id=asked.return_id,
            line=number,
            quantity=line.quantity,
            returned_to=asked.location_id,
            names_sale=True,
            returnable=taken.granted.returnable[number],
            judged_at=now,
        )
        for number, line in enumerate(asked.lines)
    ]


def _without_receipt(taken: Returned) -> list[store.WithoutReceipt]:
    asked = taken.asked
    if asked.receipt is not None:
        return []
    return [
        store.WithoutReceipt(line.sku, asked.return_id, number, asked.location_id, line.quantity, returnable)
        for number, (line, returnable) in enumerate(zip(asked.lines, taken.granted.returnable, strict=True))
    ]


def _recorded(asked: BringBack, now: datetime) -> Event:
    receipt = asked.receipt
    data = ReturnRecorded(
        return_id=asked.return_id,
        location_id=asked.location_id,
        receipt=None if receipt is None else ReceiptName.model_validate(receipt._asdict()),
        lines=[ReturnedLine.model_validate(line._asdict()) for line in asked.lines],
        reason=asked.reason,
    )
    return RECORDED.event(data, event_id=new_id(), source=SOURCE, time=now)
