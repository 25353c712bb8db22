"""A compacted topic on Kafka is one that the broker compacts: whoever reads it from its start has the whole truth."""

from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.bus.kafka import KafkaBus
from shared.contracts.registry import TOPICS

pytestmark = pytest.mark.kafka


async def policies(bootstrap: str, names: list[str]) -> dict[str, str]:
    """The cleanup policy of each topic, as the broker has it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    finally:
        await admin.close()
    resources: list[Any] = [resource for answer in answers for resource in answer.resources]
    return {
        resource[3]: next(entry[1] for entry in resource[4] if entry[0] == "cleanup.policy") for resource in resources
    }


async def test_the_topics_that_the_contract_calls_compacted_are(kafka_bootstrap: str) -> None:
    prefix = f"{uuid4().hex}."
    bus = KafkaBus(kafka_bootstrap, topic_prefix=prefix)
    await bus.start()
    await bus.stop()
    found = await policies(kafka_bootstrap, [prefix + name for name in TOPICS])
    assert found == {prefix + name: "compact" if topic.compacted else "delete" for name, topic in TOPICS.items()}
    assert found[f"{prefix}zaiko.stock"] == "compact"
