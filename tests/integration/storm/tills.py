"""What happens at the tills of a storm: facts, late and repeated."""

from datetime import timedelta
from typing import Any

from shared.contracts.values import rfc3339
from tests.integration.storm.chain import IN_STOCK, SKUS, STORES, Chain, Sold
from tests.integration.storm.dice import Dice

TILL = {"content_type": "application/cloudevents+json"}


async def a_till_sells(chain: Chain, dice: Dice) -> None:
    """A fact, whatever was promised; now, or hours ago."""
    place, sku, quantity = dice.one_of(STORES), dice.one_of(SKUS), dice.number(1, 3)
    event = _till_event(chain, dice, "sale", place, sku, quantity)
    chain.sold.append(Sold(event, sku, quantity))
    await _tell(chain, event)


async def a_till_repeats_itself(chain: Chain, dice: Dice) -> None:
    if chain.sold:
        await _tell(chain, dice.one_of(chain.sold).event)


async def a_shelf_is_counted(chain: Chain, dice: Dice) -> None:
    place, sku, quantity = dice.one_of(STORES), dice.one_of(IN_STOCK), dice.number(0, 6)
    await _tell(chain, _till_event(chain, dice, "count", place, sku, quantity))


async def goods_arrive(chain: Chain, dice: Dice) -> None:
    place, sku, quantity = dice.one_of(STORES), dice.one_of(IN_STOCK), dice.number(1, 6)
    await _tell(chain, _till_event(chain, dice, "receipt", place, sku, quantity))


async def an_order_comes_back_at_a_till(chain: Chain, dice: Dice) -> None:
    if chain.orders:
        order = await chain.order(dice.one_of(chain.orders))
        sku = dice.one_of(order["lines"])["sku"]
        event = _till_event(chain, dice, "return", dice.one_of(STORES), sku, 1)
        event["data"] |= {"order_id": order["order_id"]}
        await _tell(chain, event)


async def _tell(chain: Chain, event: dict[str, Any]) -> None:
    answer = await chain.ask("POST", "/inventory/v1/events", event, **TILL)
    assert answer["rejected"] == []


def _till_event(chain: Chain, dice: Dice, kind: str, place: str, sku: str, quantity: int) -> dict[str, Any]:
    chain.told += 1
    happened = chain.clock() - timedelta(minutes=dice.one_of((0, 0, 5, 120)))
    data: dict[str, Any] = {"location_id": place, "till_id": "1", "lines": [{"sku": sku, "quantity": quantity}]}
    if kind in ("sale", "return"):
        data["receipt_id"] = f"R{chain.told}"
    return {
        "specversion": "1.0",
        "id": str(chain.told),
        "source": f"/locations/{place}/tills/1",
        "type": f"zaiko.till.{kind}.v1",
        "time": rfc3339(happened),
        "data": data,
    }
