"""Settings that all services have; each service's own `settings.py` adds to them and reads the environment."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read from `ZAIKO_…` variables."""

    model_config = SettingsConfigDict(env_prefix="ZAIKO_", extra="ignore")

    database_url: str = Field("postgresql://zaiko:zaiko@127.0.0.1:5432/zaiko", description="PostgreSQL 15 or newer")
    bus: Literal["postgres", "kafka"] = Field("postgres", description="The bus between the services")
    bus_database_url: str = Field("", description="Where the PostgreSQL bus lives; empty: in `database_url`")
    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", description="Kafka brokers, comma-separated")
    topic_prefix: str = Field("", description="Put before every topic name, to share a Kafka cluster")
    token_secret: str = Field("", description="The HMAC key of bearer tokens, at least 32 characters")
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8000, description="Port to listen on")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    database_pool_size: int = Field(12, description="Connections of one process to its database")
    body_limit_bytes: int = Field(4 * 1024 * 1024, description="A larger request body is answered with 413")
