"""Which partition a key has: one answer for both adapters, and for Kafka clients of other makes."""

from functools import lru_cache
from struct import Struct

_CACHED_KEYS_LIMIT = 4_096
"""The hot ones. Of shelves there are a million: a cache for many of them mostly misses, in memory that is cold."""
_MIX = 0x5BD1E995
_SEED = 0x9747B28C
_WORD = 0xFFFFFFFF


def partition_of(key: str, partitions: int) -> int:
    """The partition, 0 to `partitions - 1`, that Kafka's default partitioner gives a keyed record."""
    return key_hash(key) % partitions


@lru_cache(_CACHED_KEYS_LIMIT)
def key_hash(key: str) -> int:
    """What decides the partition of a key, 31 bits: it is the same however many partitions a topic has."""
    return murmur2(key.encode()) & 0x7FFFFFFF


@lru_cache
def _words(count: int) -> Struct:
    return Struct(f"<{count}I")


def murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits unsigned, as in org.apache.kafka.common.utils.Utils.murmur2."""
    whole = len(data) >> 2
    digest = _SEED ^ len(data)
    for word in _words(whole).unpack_from(data):
        mixed = word * _MIX & _WORD
        digest = digest * _MIX & _WORD ^ (mixed ^ mixed >> 24) * _MIX & _WORD
    rest = data[whole << 2 :]
    if rest:
        digest = (digest ^ int.from_bytes(rest, "little")) * _MIX & _WORD
    digest = (digest ^ digest >> 13) * _MIX & _WORD
    return digest ^ digest >> 15
