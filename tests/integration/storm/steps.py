"""The steps of a storm. One may come at any moment: what it asks for may be refused, what it is told is believed."""

from collections.abc import Awaitable, Callable

from tests.integration.storm import customers, staff, tills, trouble
from tests.integration.storm.chain import Chain
from tests.integration.storm.dice import Dice

Step = Callable[[Chain, Dice], Awaitable[None]]

OFTEN: tuple[Step, ...] = (
    tills.a_till_sells,
    tills.goods_arrive,
    customers.a_customer_orders_to_their_door,
    customers.a_customer_orders_to_collect,
    staff.a_clerk_works,
    staff.a_clerk_works,
    staff.a_clerk_works,
    staff.a_parcel_leaves,
    staff.goods_travel_to_a_store,
)


SOMETIMES: tuple[Step, ...] = (
    tills.a_till_repeats_itself,
    tills.a_shelf_is_counted,
    customers.a_cart_is_filled,
    customers.a_cart_is_given_up,
    trouble.a_channel_is_closed_and_opened,
    customers.a_customer_preorders,
    customers.an_order_is_cancelled,
    customers.an_order_is_amended,
    staff.a_store_will_not_give_it,
    customers.goods_come_back,
    customers.a_receipt_comes_back_elsewhere,
    tills.an_order_comes_back_at_a_till,
    trouble.goods_are_expected,
    trouble.goods_are_expected,
    trouble.what_was_expected_arrives,
    trouble.time_passes,
)


SELDOM: tuple[Step, ...] = (trouble.the_connections_break, trouble.the_services_restart)


def choose(dice: Dice) -> Step:
    if dice.once_in(3):
        return dice.one_of(SELDOM) if dice.once_in(32) else dice.one_of(SOMETIMES)
    return dice.one_of(OFTEN)
