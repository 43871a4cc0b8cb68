"""Where a record belongs: the partition of a key, and the order of what comes from one input partition."""

from functools import lru_cache

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995


def murmur2(data):
    """`org.apache.kafka.common.utils.Utils.murmur2`, from the published algorithm."""
    hashed = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at:at + 4], "little") * _M & _MASK
        word = (word ^ word >> 24) * _M & _MASK
        hashed = hashed * _M & _MASK ^ word
    if whole < len(data):
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    hashed = (hashed ^ hashed >> 13) * _M & _MASK
    return hashed ^ hashed >> 15


@lru_cache(maxsize=1 << 17)
def partition_of(key, partitions):
    data = key.encode() if isinstance(key, str) else key
    return (murmur2(data) & 0x7FFFFFFF) % partitions


class Order:
    """Records of an input partition are written in the order of their offsets, in each partition of an output."""

    def __init__(self, findings):
        self.findings, self._last = findings, {}

    def check(self, written, source):
        """`source`: (input, partition, offset)."""
        lane = (written.topic, written.partition, source[0], source[1])
        last = self._last.get(lane)
        if last is not None and source[2] < last[0]:
            self.findings.add("order", f"{written} comes from {source[0]} {source[1]}@{source[2]}, but stands behind "
                              f"{last[1]}, which comes from offset {last[0]}")
        else:
            self._last[lane] = (source[2], written)
