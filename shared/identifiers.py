"""Identifiers that Zaiko makes: UUIDv7 (RFC 9562, section 5.7), so that they sort by the time they were made."""

from uuid_utils import uuid7


def new_id() -> str:
    return str(uuid7())
