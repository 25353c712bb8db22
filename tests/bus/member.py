"""A member in a process of its own, to be killed: `python -m tests.bus.member ADAPTER ADDRESS PREFIX GROUP TOPIC`.

It prints one line for each partition whose records it holds in its hands, and never stores an offset.
"""

import asyncio
import sys
from collections.abc import Iterable

from shared.bus.base import Offsets, Partition
from tests.bus.conftest import Log


async def _nothing_stored(partitions: Iterable[Partition]) -> Offsets:
    return {}


async def main(adapter: str, address: str, prefix: str, group: str, topic: str) -> None:
    bus = Log(adapter, address, prefix).bus()
    await bus.start()
    async with bus.subscribe(group, [topic], _nothing_stored) as subscription:
        while True:
            for partition in {record.partition for record in await subscription.fetch()}:
                print(partition.number, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
