"""Keys have the partitions that Kafka's own clients give them."""

import pytest

from shared.bus.partitioning import murmur2, partition_of


@pytest.mark.parametrize(
    ("text", "signed"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_the_hash_agrees_with_the_vectors_of_kafkas_own_test(text: str, signed: int) -> None:
    """org.apache.kafka.common.utils.UtilsTest.testMurmur2."""
    assert murmur2(text.encode()) == signed % 2**32


def test_every_partition_is_used() -> None:
    assert {partition_of(f"S{number}", 8) for number in range(400)} == set(range(8))
