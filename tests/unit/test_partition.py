import pytest

from domain.partition import murmur2, partition_of


@pytest.mark.parametrize(
    ("text", "signed"),
    [  # the vectors of Apache Kafka's UtilsTest.testMurmur2
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_murmur2_is_kafkas(text, signed):
    assert murmur2(text.encode()) == signed & 0xFFFFFFFF


def test_shared_subjects_are_in_the_partition_after_the_last():
    assert partition_of("catalogue/2026", 12) == 12
    assert partition_of("plant/leeds", 12) == 12
    assert {partition_of(f"order/{i}", 12) for i in range(500)} == set(range(12))
