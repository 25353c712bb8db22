"""Who speaks on the bus: one application, what it receives, and what it may send."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.contracts.registry import EVENT_TYPES, TOPICS, Topic


@dataclass(frozen=True, slots=True)
class Receiver:
    """One reader of a topic: the event types that have an effect on it; without `group` every process reads all."""

    name: str
    topic: str
    types: tuple[str, ...]
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """A service as its neighbours see it. `name` is the one that `Topic.written_by` says."""

    name: str
    description: str
    receivers: tuple[Receiver, ...]

    @property
    def sends(self) -> list[Topic]:
        """The topics that it announces on; dead letters may come from anybody."""
        return [topic for topic in TOPICS.values() if topic.written_by in (self.name, "any")]

    @property
    def topics(self) -> list[Topic]:
        """All that it has to do with, in the order of the registry."""
        received = {receiver.topic for receiver in self.receivers}
        return [topic for topic in TOPICS.values() if topic in self.sends or topic.name in received]


def receivers_of(group: str, topics: Iterable[str], types: Iterable[str]) -> list[Receiver]:
    """The receivers that a consumer group is, one for each of its topics that has one of the types."""
    wanted = set(types)
    receivers = []
    for topic in topics:
        heard = tuple(kind.name for kind in EVENT_TYPES.values() if kind.topic == topic and kind.name in wanted)
        receivers.append(Receiver(group, topic, heard, group))
    return [receiver for receiver in receivers if receiver.types]
