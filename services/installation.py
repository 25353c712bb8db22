"""What an installation is: what the three services share when they run together."""

from dataclasses import dataclass
from typing import Literal

BusName = Literal["postgres", "kafka"]


@dataclass(frozen=True)
class Installation:
    """One database, one bus, one secret, one address; `token_command` is how a person here gets a token."""

    database_url: str
    token_secret: str
    base_url: str
    token_command: str
    bus: BusName = "postgres"
    kafka_bootstrap_servers: str = "127.0.0.1:9092"
