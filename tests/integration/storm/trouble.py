"""What comes over a chain in a storm: goods too late or too many, time that passes, and machines that die."""

from datetime import timedelta

from shared.contracts.values import rfc3339
from tests.integration.storm.chain import AWAITED, SKUS, STORES, Chain
from tests.integration.storm.dice import Dice


async def goods_are_expected(chain: Chain, dice: Dice) -> None:
    """New ones, or the same on another day, or more or fewer of them."""
    number = dice.number(0, len(chain.expected))
    if number == len(chain.expected):
        chain.expected.append(
            {"location_id": dice.one_of(STORES), "sku": dice.one_of((AWAITED, *SKUS, AWAITED, AWAITED))}
        )
    expected_at = rfc3339(chain.clock() + timedelta(hours=dice.one_of((2, 90, 400))))
    body = chain.expected[number] | {"quantity": dice.number(1, 8), "expected_at": expected_at}
    answer = await chain.answer("PUT", f"/inventory/v1/incoming/PO-{number}", body)
    assert answer.status_code in (200, 201, 409), answer.text


async def what_was_expected_arrives(chain: Chain, dice: Dice) -> None:
    if chain.expected:
        number = dice.number(0, len(chain.expected) - 1)
        goods = chain.expected[number]
        chain.told += 1
        movement = {
            "id": f"M{chain.told}",
            "kind": "receipt",
            "quantity": dice.number(1, 6),
            "reference": f"PO-{number}",
        }
        movement |= {"occurred_at": chain.now()} | goods
        await chain.ask("POST", "/inventory/v1/stock/movements", {"movements": [movement]})


async def a_channel_is_closed_and_opened(chain: Chain, dice: Dice) -> None:
    await chain.ask("POST", f"/inventory/v1/channels/delivery/{dice.one_of(('close', 'open', 'open'))}")


async def time_passes(chain: Chain, dice: Dice) -> None:
    chain.clock.advance(timedelta(minutes=dice.one_of((10, 30, 120, 24 * 60, 80 * 60))))


async def the_connections_break(chain: Chain, dice: Dice) -> None:
    await chain.cut_off()


async def the_services_restart(chain: Chain, dice: Dice) -> None:
    """With connections that break first, so that what was under way is lost, or without."""
    if dice.once_in(2):
        await chain.cut_off()
    await chain.fall()
    await chain.stand_up()
