"""The AsyncAPI 3.0 document, from the models that validate at run time and the routes that run."""

from collections.abc import Iterable, Sequence
from typing import Any

from shared.asyncapi.application import Application, Receiver
from shared.asyncapi.messages import KAFKA, dead_letter, message_of
from shared.asyncapi.schemas import Schema, schemas_of
from shared.bus.kafka_wire import topic_configuration
from shared.contracts.event import JSON
from shared.contracts.registry import DEAD_LETTERS, EVENT_TYPES, FAMILIES, TOPICS, Topic
from shared.settings import ServiceSettings

ANY_EVENT = "any"
"""The one message of the dead letters."""
_ABOUT = """
Every message is a CloudEvent 1.0 in binary content mode: the attributes are headers (`ce_id`, `ce_source`, …), the data
is the body. Readers take structured mode (`application/cloudevents+json`) too.

**Identity.** `(source, id)` is the identity of an event: delivered any number of times, over HTTP or the bus, it counts
once. Readers should keep to that as well: after a crash an event may be on its topic twice.

**Order.** Events with one key are in order, because a key has one partition. `time` is when it happened at the source:
a till's events may come late, twice or out of order, and still come out right.

**Growing.** Fields are added, never taken away or given another meaning; that is what a new version of a type is for
(`.v2`). So readers pass over fields that they do not know.
"""
_ON_KAFKA = "**Where.** On Apache Kafka, at the servers below. Topics that exist are used as they are."
_EMBEDDED = (
    "**Where.** This installation runs without a broker: its log lies in PostgreSQL, and has no address for others."
    " Tills come in at `POST /v1/events` of inventory, live stock goes out at `GET /v1/stream`; with Kafka the same"
    " events are on the topics below."
)


def document(title: str, version: str, applications: Sequence[Application], settings: ServiceSettings) -> Schema:
    """What the applications say and hear, as one document; the channels are all that any of them has to do with."""
    concerned = {topic.name for application in applications for topic in application.topics}
    topics = [topic for topic in TOPICS.values() if topic.name in concerned]
    kinds = [kind for kind in EVENT_TYPES.values() if kind.topic in concerned]
    payloads, schemas = schemas_of(dict.fromkeys(kind.data for kind in kinds))
    messages = {kind.name: message_of(kind, payloads[kind.data], schemas) for kind in kinds}
    messages[DEAD_LETTERS] = dead_letter()
    servers = _servers(settings)
    prefix = settings.topic_prefix if settings.bus == "kafka" else ""
    about = "\n\n".join([*(application.description for application in applications), _ABOUT.strip()])
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": title,
            "version": version,
            "description": f"{about}\n\n{_ON_KAFKA if servers else _EMBEDDED}",
        },
        "defaultContentType": JSON,
        **({"servers": servers} if servers else {}),
        "channels": {topic.name: _channel(topic, prefix) for topic in topics},
        "operations": dict(_operations(applications, prefix)),
        "components": {"messages": messages, "schemas": schemas},
    }


def _servers(settings: ServiceSettings) -> Schema:
    """The brokers; the embedded log has none."""
    if settings.bus != "kafka":
        return {}
    hosts = [host.strip() for host in settings.kafka_bootstrap_servers.split(",")]
    return {
        f"kafka-{number}": {
            "host": host,
            "protocol": "kafka",
            "description": "Apache Kafka 4",
            "bindings": {"kafka": {"bindingVersion": KAFKA}},
        }
        for number, host in enumerate(hosts, start=1)
    }


def _channel(topic: Topic, prefix: str) -> Schema:
    return {
        "address": f"{prefix}{topic.name}",
        "title": topic.name,
        "summary": _summary(topic),
        "description": _description(topic),
        "messages": {name: {"$ref": f"#/components/messages/{message}"} for name, message in _messages(topic).items()},
        "bindings": {"kafka": {"topicConfiguration": _configuration(topic), "bindingVersion": KAFKA}},
    }


def _messages(topic: Topic) -> dict[str, str]:
    """The name of each message in the channel → its name among the components."""
    if topic.name == DEAD_LETTERS:
        return {ANY_EVENT: DEAD_LETTERS}
    return {kind.name: kind.name for kind in EVENT_TYPES.values() if kind.topic == topic.name}


def _summary(topic: Topic) -> str:
    """The first sentence of the family's module. A family that speaks on others' topics has none of its own."""
    for family in FAMILIES:
        if topic.name == getattr(family, "TOPIC", None):
            return (family.__doc__ or "").partition("\n")[0].partition(" (`")[0]
    return "What could not take effect, with its reason; nothing vanishes"


def _description(topic: Topic) -> str:
    writer = {"any": "any service", "tills": "tills, straight or through `POST /v1/events`"}
    kept = "for each key the newest message is kept for ever" if topic.compacted else "messages are kept for a time"
    return f"Written by {writer.get(topic.written_by, topic.written_by)}; {kept}."


def _configuration(topic: Topic) -> Schema:
    """As the adapter makes the topic where it is missing, in the binding's types."""
    configuration: dict[str, Any] = dict(topic_configuration(topic))
    policy = configuration.pop("cleanup.policy")
    return {"cleanup.policy": [policy]} | {name: int(value) for name, value in configuration.items()}


def _operations(applications: Iterable[Application], prefix: str) -> Iterable[tuple[str, Schema]]:
    for application in applications:
        for topic in application.sends:
            yield (
                f"{application.name}.send.{topic.name}",
                _operation("send", topic.name, _messages(topic), f"{application.name} announces on {topic.name}"),
            )
        for receiver in application.receivers:
            operation = _operation("receive", receiver.topic, receiver.types, f"{application.name} acts on these")
            yield f"{receiver.name}.receive.{receiver.topic}", operation | _group(receiver, prefix)


def _operation(action: str, topic: str, messages: Iterable[str], summary: str) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{topic}/messages/{name}"} for name in messages],
    }


def _group(receiver: Receiver, prefix: str) -> Schema:
    if receiver.group is None:
        return {}
    group = {"type": "string", "const": f"{prefix}{receiver.group}"}
    return {"bindings": {"kafka": {"groupId": group, "bindingVersion": KAFKA}}}
