"""Philox4x32-10 word by word, in Python integers."""

from __future__ import annotations

MASK = 0xFFFFFFFF


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Return the four random words of one counter."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return [c0, c1, c2, c3]


def word(seed: int, tick: int, stream: int, unit: int) -> int:
    """Return the random word of one unit."""
    return philox([unit // 4, stream, tick & MASK, tick >> 32], [seed & MASK, seed >> 32])[unit % 4]


def permutation(seed: int, tick: int, stream: int, n: int) -> list[int]:
    """Shuffle 0 ... n - 1, last place first."""
    order = list(range(n))
    for place in range(n - 1, 0, -1):
        other = word(seed, tick, stream, place) * (place + 1) >> 32
        order[place], order[other] = order[other], order[place]
    return order
