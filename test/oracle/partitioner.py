"""Kafka's default partitioner for records with a key: murmur2 of the key, its sign dropped, modulo the partitions."""

MASK = 0xFFFFFFFF
M = 0x5BD1E995


def murmur2(key):
    length = len(key)
    h = 0x9747B28C ^ length
    whole = length & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at : at + 4], "little") * M & MASK
        k = (k ^ (k >> 24)) * M & MASK
        h = (h * M & MASK) ^ k
    if whole < length:
        h = (h ^ int.from_bytes(key[whole:], "little")) * M & MASK
    h = (h ^ (h >> 13)) * M & MASK
    return h ^ (h >> 15)


def partition_of(key, partitions):
    return (murmur2(key) & 0x7FFFFFFF) % partitions
