"""Poisson sources and Poisson events, unit by unit, from the words of :mod:`tests.reference.noise`."""

from __future__ import annotations

import math

from tests.reference.noise import MASK, philox

BLOCK = 4096


def words(seed, tick, stream):
    """Yield the words of counter (k, stream, tick) for k = 0, 1, ..."""
    k = 0
    while True:
        yield from philox([k, stream, tick & MASK, tick >> 32], [seed & MASK, seed >> 32])
        k += 1


def rare_spikes(n, p, seed, tick):
    """Return the units that fire: in each block, the next one is reached after a geometric number of others."""
    spikes = []
    for block in range(-(-n // BLOCK)):
        unit = block * BLOCK - 1
        for word in words(seed, tick, block):
            unit += 1 + math.floor(math.log((word + 0.5) / 2**32) / math.log1p(-p))
            if unit >= min(n, (block + 1) * BLOCK):
                break
            spikes.append(unit)
    return spikes


def spikes(probabilities, seed, tick):
    """Return the units whose word lies below their probability."""
    source = words(seed, tick, 0)
    return [unit for unit, p in enumerate(probabilities) if next(source) < p * 2**32]


def law(mean, stop):
    """Return the probabilities of 0 ... stop - 1 events."""
    return [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(stop)]


def rare_events(n, mean, seed, tick):
    """Return the number of events of each unit: exponential distances along the units of a block."""
    events = [0] * n
    for block in range(-(-n // BLOCK)):
        place = float(block * BLOCK)
        for word in words(seed, tick, block):
            place -= math.log((word + 0.5) / 2**32) / mean
            if place >= min(n, (block + 1) * BLOCK):
                break
            events[int(place)] += 1
    return events


def events(n, mean, seed, tick):
    """Return the number of events of each unit: dealt out halves of words, and second draws from what is left."""
    chances = law(mean, int(mean + 12 * math.sqrt(mean) + 40))
    shares = [math.floor(p * 65536) for p in chances]
    dealt = [count for count, share in enumerate(shares) for _ in range(share)]
    left = [p * 65536 - share for p, share in zip(chances, shares, strict=True)]
    first, second = words(seed, tick, 0), words(seed, tick, 1)
    halves = []
    for _ in range(-(-n // 2)):
        word = next(first)
        halves += [word & 0xFFFF, word >> 16]
    result = []
    for unit in range(n):
        again = next(second)
        half = (halves[unit] + 0x8000) & 0xFFFF  # read as a signed number, then counted from the smallest
        result.append(dealt[half] if half < len(dealt) else from_left(left, again))
    return result


def from_left(left, word):
    """Return the count whose share of what is left a word points to, large counts first."""
    above = sum(left)
    count = 0
    for share in left:
        above -= share
        if word >= above / sum(left) * 2**32:
            break
        count += 1
    return count
