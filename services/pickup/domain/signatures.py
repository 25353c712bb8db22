"""How a webhook is signed: Standard Webhooks 1.0.0, symmetric (`v1`, HMAC-SHA256)."""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from hmac import digest

PREFIX = "whsec_"
SECRET_BYTES = 32
SECRET_BYTES_LEAST = 24
SECRET_BYTES_LIMIT = 64


def secret_of(key: bytes) -> str:
    """A key as it is shown to whoever checks signatures with it."""
    return PREFIX + b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """The key that a secret stands for. Raises ValueError for what is none, or is too short or too long."""
    key = b64decode(secret.removeprefix(PREFIX), validate=True)
    if not SECRET_BYTES_LEAST <= len(key) <= SECRET_BYTES_LIMIT:
        raise ValueError(f"a secret has {SECRET_BYTES_LEAST} to {SECRET_BYTES_LIMIT} bytes, not {len(key)}")
    return key


def signatures(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: a signature with each of the secrets, over all that the receiver relies on.

    `timestamp` is the attempt's, in seconds since 1970. Raises ValueError for a message whose name holds a full stop.
    """
    if "." in message_id:
        raise ValueError("a message's name must hold no full stop: it ends there for the receiver")
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{b64encode(digest(key_of(secret), signed, sha256)).decode()}" for secret in secrets)
