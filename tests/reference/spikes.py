"""Spikes of a ring, one by one."""


def taken(units: list[int], ends: list[int], first: int, stop: int, n_units: int, wanted: list[bool]) -> list[tuple[int, int]] | None:
    """Return (tick, unit) of the wanted units; None where those of a tick do not ascend or do not exist."""
    events = []
    for tick in range(first, stop):
        numbers = range(ends[tick % len(ends)], ends[(tick + 1) % len(ends)])
        fired = [units[k % len(units)] for k in numbers]
        if fired != sorted(set(fired)) or any(unit >= n_units for unit in fired):
            return None
        events += [(tick, unit) for unit in fired if not wanted or wanted[unit]]
    return events
