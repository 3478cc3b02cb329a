"""A neuron that learns patterns on its segments: each segment a list of places, each place [cell, permanence] or None."""

from __future__ import annotations

from tests.reference.noise import word

Segment = list[list[int] | None]
TOP = 32767


class Neuron:
    """The rule, place by place."""

    def __init__(self, segments: int, synapses: int, **rule: int) -> None:
        self.segments: list[Segment] = [[None] * synapses for _ in range(segments)]
        self.last = [-1] * segments
        self.rule = rule

    def counts(self, active: list[int], least: int) -> list[int]:
        """Count the synapses of permanence `least` or more on active cells."""
        return [sum(1 for s in segment if s and s[0] in active and s[1] >= least) for segment in self.segments]

    def active(self, code: list[int]) -> list[int]:
        """List the active segments."""
        return [k for k, count in enumerate(self.counts(code, self.rule["connected"])) if count >= self.rule["threshold"]]

    def learn(self, code: list[int], seed: int, tick: int) -> int:
        """Learn one pattern; return the segment that did."""
        strong, weak = self.counts(code, self.rule["connected"]), self.counts(code, 0)
        if max(strong) >= self.rule["threshold"]:
            chosen = strong.index(max(strong))
        elif max(weak) >= self.rule["min_threshold"]:
            chosen = weak.index(max(weak))
        else:
            chosen = self.last.index(min(self.last))
            self.segments[chosen] = [None] * len(self.segments[chosen])
        self.adapt(self.segments[chosen], code, self.rule["increment"], self.rule["decrement"])
        self.grow(self.segments[chosen], code, seed, tick)
        self.last[chosen] = tick
        return chosen

    def adapt(self, segment: Segment, code: list[int], increment: int, decrement: int) -> None:
        """Strengthen synapses on active cells, weaken the others, drop those that reach 0."""
        for place, synapse in enumerate(segment):
            if synapse is not None:
                synapse[1] = min(TOP, synapse[1] + (increment if synapse[0] in code else -decrement))
                if synapse[1] <= 0:
                    segment[place] = None

    def grow(self, segment: Segment, code: list[int], seed: int, tick: int) -> None:
        """Fill free places with active cells, shuffled as far as needed."""
        taken = [synapse[0] for synapse in segment if synapse]
        candidates = [cell for cell in code if cell not in taken]
        drawn = 0
        for place, synapse in enumerate(segment):
            if synapse is None and drawn < len(candidates):
                chosen = drawn + (word(seed, tick, 0, drawn) * (len(candidates) - drawn) >> 32)
                segment[place] = [candidates[chosen], self.rule["initial"]]
                candidates[chosen] = candidates[drawn]
                drawn += 1

    def punish(self, code: list[int]) -> None:
        """Weaken the synapses that made segments active."""
        for segment in [self.segments[k] for k in self.active(code)]:
            self.adapt(segment, code, -self.rule["punishment"], 0)
