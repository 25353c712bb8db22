"""What orders and pickups ask of stock: promises for placed orders, and what became of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.inventory.domain.ledger import Kind, Movement
from services.inventory.domain.oversold import at_risk
from services.inventory.domain.reservations import Wanted
from services.inventory.store import channels
from services.inventory.store import reservations as store
from services.inventory.store.reservations import Reservation
from services.inventory.usecases.announcements import reservation_changed
from services.inventory.usecases.ledger import record, touched
from services.inventory.usecases.levels import lock, lock_or_create, settle
from services.inventory.usecases.requests import Reserve
from services.inventory.usecases.reservations import Change, change_reservations
from services.inventory.usecases.reserve import reserve
from shared.consumer import Received
from shared.contracts.event import Event
from shared.contracts.orders import OrderCancelled, OrderConfirmed, OrderPlaced, OrderReturned, OrderShipped
from shared.contracts.pickups import PickupChanged
from shared.contracts.reservations import HELD
from shared.contracts.slots import OrderWithdrawn
from shared.database import Transaction
from shared.outbox import announce
from shared.statements import gathered


async def promise_orders(transaction: Transaction, placed: Sequence[Received[OrderPlaced]], now: datetime) -> None:
    """Hold what each order asks for, or take over its cart's reservation if that fits. An order asks only once."""
    asked = await store.ids_by_order(transaction, [member.data.order_id for member in placed])
    fresh = {member.data.order_id: member.data for member in placed if member.data.order_id not in asked}
    taken_over = await _take_over_carts(transaction, list(fresh.values()), now)
    commands = [_command(order) for order in fresh.values() if order.order_id not in taken_over]
    if commands:
        await reserve(transaction, commands, now)


def _command(order: OrderPlaced) -> Reserve:
    """An order's hold has no expiry: orders always answers, so nothing is gained by letting it lapse."""
    lines: dict[str, int] = {}
    for line in order.lines:
        lines[line.sku] = lines.get(line.sku, 0) + line.quantity
    return Reserve(
        reference=order.order_id,
        channel=order.channel,
        lines=lines,
        policy=order.sourcing.policy,
        candidates=order.sourcing.candidates,
        keep_back=order.sourcing.keep_back,
        tiers=order.sourcing.tiers,
        order_id=order.order_id,
        backorder=order.backorder,
    )


async def _take_over_carts(transaction: Transaction, orders: Sequence[OrderPlaced], now: datetime) -> set[str]:
    """The orders whose cart had reserved what they need. A cart that does not fit gives its units back first.

    Nor does one whose units were sold on the shop floor: its order is to be promised what is there; nor one of another
    channel, where that makes a difference.
    """
    by_cart = {order.reservation_id: order for order in orders if order.reservation_id is not None}
    carts = await store.lock(transaction, by_cart)
    lost = await _at_risk(transaction, carts.values()) if carts else set()
    foreign = await _of_another_channel(transaction, carts, by_cart)
    taken_over: list[Reservation] = []
    unfit: list[Change] = []
    for reservation_id, cart in carts.items():
        order = by_cart[reservation_id]
        if cart.state not in ("held", "confirmed") or cart.order_id is not None:
            continue
        if _fits(cart, order) and reservation_id not in lost | foreign:
            cart.order_id = cart.reference = order.order_id
            cart.expires_at = None
            taken_over.append(cart)
        else:
            unfit.append(Change(reservation_id, "release", "/inventory/carts", order.order_id, "inventory", now))
    writes = gathered(transaction)
    store.update(writes, taken_over, now)
    store.give_to_orders(writes, taken_over)
    announce(transaction, [reservation_changed(HELD, cart, now) for cart in taken_over])
    if unfit:
        await change_reservations(transaction, unfit, now)
    return {cart.reference for cart in taken_over}


async def _of_another_channel(
    transaction: Transaction, carts: Mapping[str, Reservation], by_cart: Mapping[str, OrderPlaced]
) -> set[str]:
    """The reservations that were made for another channel than their order's, if either of the two is known."""
    other = {cart_id: {cart.channel, by_cart[cart_id].channel} for cart_id, cart in carts.items()}
    other = {cart_id: pair for cart_id, pair in other.items() if len(pair) > 1}
    known = await channels.get(transaction, set().union(*other.values())) if other else {}
    return {cart_id for cart_id, pair in other.items() if pair & known.keys()}


async def _at_risk(transaction: Transaction, carts: Iterable[Reservation]) -> set[str]:
    """The reservations that the shortfalls of the carts' shelves reach."""
    levels = await lock(transaction, {line.key for cart in carts for line in cart.lines})
    short = [key for key, level in levels.items() if level.shortfall]
    promises = await store.open_at(transaction, short) if short else {}
    return {
        promise.reservation_id for key in short for promise in at_risk(promises.get(key, []), levels[key].shortfall)
    }


def _fits(cart: Reservation, order: OrderPlaced) -> bool:
    held: dict[str, int] = {}
    for line in cart.lines:
        held[line.sku] = held.get(line.sku, 0) + line.open
    places = {line.location_id for line in cart.lines}
    candidates = set(order.sourcing.candidates)
    one_place = order.sourcing.policy != "single_location" or len(places) == 1
    return held == _command(order).lines and places <= candidates and one_place


async def confirm_orders(
    transaction: Transaction, confirmed: Sequence[Received[OrderConfirmed]], now: datetime
) -> None:
    await change_reservations(
        transaction, [_change("confirm", member.event, member.data.reservation_id, None) for member in confirmed], now
    )


async def release_cancelled(
    transaction: Transaction, cancelled: Sequence[Received[OrderCancelled]], now: datetime
) -> None:
    """Give back what was cancelled, at the places that the order names.

    An order that was cancelled before it was answered has its reservation by order.
    """
    unnamed = [member.data.order_id for member in cancelled if member.data.reservation_id is None]
    by_order = await store.ids_by_order(transaction, unnamed) if unnamed else {}
    changes = []
    for event, data in cancelled:
        reservation_id = data.reservation_id or by_order.get(data.order_id)
        if reservation_id is not None:
            change = _change("release", event, reservation_id, _given_back(data))
            changes.append(replace(change, anywhere=data.anywhere))
    await change_reservations(transaction, changes, now)


async def release_withdrawn(
    transaction: Transaction, withdrawn: Sequence[Received[OrderWithdrawn]], now: datetime
) -> None:
    """Give back all that is still held for orders that are at their end."""
    by_order = await store.ids_by_order(transaction, [member.data.order_id for member in withdrawn])
    changes = [
        _change("release", event, by_order[data.order_id], None)
        for event, data in withdrawn
        if data.order_id in by_order
    ]
    await change_reservations(transaction, changes, now)


def _given_back(cancelled: OrderCancelled) -> Wanted | None:
    if cancelled.complete:
        return None
    if cancelled.allocations:
        return {(share.sku, share.location_id): share.quantity for share in cancelled.allocations}
    return {(line.sku, None): line.quantity for line in cancelled.lines}


async def fulfil_shipped(transaction: Transaction, shipped: Sequence[Received[OrderShipped]], now: datetime) -> None:
    await change_reservations(transaction, [_at_place("fulfil", member) for member in shipped], now)


async def fulfil_collected(
    transaction: Transaction, collected: Sequence[Received[PickupChanged]], now: datetime
) -> None:
    await change_reservations(transaction, [_at_place("fulfil", member) for member in collected], now)


def _at_place(command: str, member: Received[Any]) -> Change:
    data = member.data
    wanted: Wanted = {(line.sku, data.location_id): line.quantity for line in data.lines}
    return _change(command, member.event, data.reservation_id, wanted)


def _change(command: str, event: Event, reservation_id: str, wanted: Wanted | None) -> Change:
    return Change(
        reservation_id,
        command,
        event.source,
        event.id,
        actor=event.source,
        occurred_at=event.time,
        wanted=wanted,
        fact=True,
    )


async def take_back(transaction: Transaction, returned: Sequence[Received[OrderReturned]], now: datetime) -> None:
    """Returned units are stock where they were brought: sellable at once, or damaged.

    What a till took back it has told itself.
    """
    movements = [
        Movement(
            source=event.source,
            event_id=event.id,
            line=number,
            kind=Kind.RETURN if line.condition == "sellable" else Kind.DAMAGED_RETURN,
            sku=line.sku,
            location_id=data.location_id,
            quantity=line.quantity,
            occurred_at=event.time,
            actor=event.source,
            reference=data.order_id,
            reason=data.reason,
        )
        for event, data in returned
        if data.receipt is None
        for number, line in enumerate(data.lines)
    ]
    levels = await lock_or_create(transaction, touched(movements))
    await record(transaction, levels, movements, now)
    await settle(transaction, levels, now)
