"""Temporal memory in plain Python: segments are lists of [cell, permanence], everything is counted anew at every step.

Permanences and their changes are whole numbers, 32767 for 1.
"""

from __future__ import annotations

from tests.reference.noise import word

FULL = 32767


class Memory:
    """A temporal memory; `rule` is a dict with the names of the arguments of a step."""

    def __init__(self, seed: int, rule: dict[str, int]) -> None:
        self.rule, self.seed, self.tick = rule, seed, 0
        self.owner: list[int | None] = []
        self.synapses: list[list[list[int]]] = []
        self.free: list[int] = []
        self.order: list[int] = []
        self.active: list[int] = []
        self.winners: list[int] = []
        self.dead: set[int] = set()
        self.anomaly = 0.0

    def column(self, cell: int) -> int:
        """Return the column of a cell."""
        return cell // self.rule["cells"]

    def seen(self, segment: int, connected: bool) -> int:
        """Count the synapses of a segment that come from active cells: all, or those that are connected."""
        least = self.rule["connected"] if connected else 0
        return sum(cell in self.active and permanence >= least for cell, permanence in self.synapses[segment])

    def matching(self) -> list[int]:
        """List the segments that match the last input."""
        there = [segment for segment, owner in enumerate(self.owner) if owner is not None]
        return [segment for segment in there if self.seen(segment, False) >= self.rule["least"]]

    def active_segments(self) -> list[int]:
        """List the segments that the last input made active."""
        return [segment for segment in self.matching() if self.seen(segment, True) >= self.rule["activation"]]

    def segments_of(self, cell: int) -> list[int]:
        """List the segments of a cell, newest first."""
        return [segment for segment in reversed(self.order) if self.owner[segment] == cell]

    def compute(self, columns: list[int], learn: bool) -> None:
        """Read one input."""
        matching, expected = self.matching(), self.active_segments()
        seen = {segment: self.seen(segment, False) for segment in matching}
        place = {segment: self.column(self.owner[segment]) for segment in matching}
        predictive = sorted({self.owner[segment] for segment in expected})
        predicted = {self.column(cell) for cell in predictive} & set(columns)
        if learn:
            for segment in matching:
                self.learn_if_decided(segment, seen[segment], segment in expected, columns)
        active, winners = [], []
        for column in columns:
            if column in predicted:
                cells = [cell for cell in predictive if self.column(cell) == column]
                active += cells
                winners += cells
            else:
                winner = self.burst(column, [segment for segment in matching if place[segment] == column], seen, learn)
                first = column * self.rule["cells"]
                active += [cell for cell in range(first, first + self.rule["cells"]) if cell not in self.dead]
                winners += [] if winner is None else [winner]
        self.anomaly = 1.0 - len(predicted) / len(columns) if columns else 0.0
        self.active, self.winners, self.tick = active, winners, self.tick + 1

    def learn_if_decided(self, segment: int, seen: int, expected: bool, columns: list[int]) -> None:
        """Strengthen an active segment that was right, punish a matching one that was wrong; leave others to their column."""
        if self.column(self.owner[segment]) in columns:
            if expected:
                self.strengthen(segment, seen)
        elif self.rule["punishment"] > 0:
            self.adapt(segment, -self.rule["punishment"], 0)
            self.drop_useless(segment)

    def burst(self, column: int, mine: list[int], seen: dict[int, int], learn: bool) -> int | None:
        """Return the winner of a column that was not predicted, None if all cells are dead; learn."""
        if mine:
            best = max(mine, key=lambda segment: (seen[segment], -segment))
            winner = self.owner[best]
            if learn:
                self.strengthen(best, seen[best])
            return winner
        winner = self.least_used(column)
        if learn and winner is not None and len(self.winners) >= self.rule["least"]:
            if len(self.segments_of(winner)) >= self.rule["max_segments"]:
                self.destroy(min(self.segments_of(winner), key=lambda s: (sum(p * p for _, p in self.synapses[s]), s)))
            self.strengthen(self.new_segment(winner), 0)
        return winner

    def least_used(self, column: int) -> int | None:
        """Return one of the cells of a column with the fewest segments."""
        first = column * self.rule["cells"]
        alive = [cell for cell in range(first, first + self.rule["cells"]) if cell not in self.dead]
        if not alive:
            return None
        fewest = min(len(self.segments_of(cell)) for cell in alive)
        ties = [cell for cell in alive if len(self.segments_of(cell)) == fewest]
        return ties[word(self.seed, self.tick, 0, 4 * column) * len(ties) >> 32]

    def strengthen(self, segment: int, seen: int) -> None:
        """Learn on a segment, then let it grow."""
        self.adapt(segment, self.rule["increment"], self.rule["decrement"])
        self.grow(segment, self.rule["max_new"] - seen)
        self.drop_useless(segment)

    def adapt(self, segment: int, up: int, down: int) -> None:
        """Change permanences; the last synapse takes the place of one that vanishes."""
        synapses, k = self.synapses[segment], 0
        while k < len(synapses):
            cell, permanence = synapses[k]
            permanence += up if cell in self.active else -down
            if permanence <= 0:
                synapses[k] = synapses[-1]
                synapses.pop()
            else:
                synapses[k][1] = min(permanence, FULL)
                k += 1

    def grow(self, segment: int, wanted: int) -> None:
        """Add synapses from winners of the last input, at the cost of weak ones where there are too many."""
        synapses, most = self.synapses[segment], self.rule["max_synapses"]
        candidates = [winner for winner in self.winners if winner not in [cell for cell, _ in synapses]]
        new = max(0, min(wanted, len(candidates)))
        for _ in range(len(synapses) + new - most):
            others = [k for k in range(len(synapses)) if synapses[k][0] not in self.winners]
            if others:
                weakest = min(others, key=lambda k: (synapses[k][1], k))
                synapses[weakest] = synapses[-1]
                synapses.pop()
        new = min(new, most - len(synapses))
        if new < len(candidates):
            for k in range(new):
                other = k + (word(self.seed, self.tick, 1, 256 * segment + k) * (len(candidates) - k) >> 32)
                candidates[k], candidates[other] = candidates[other], candidates[k]
        synapses += [[cell, self.rule["initial"]] for cell in candidates[:new]]

    def new_segment(self, cell: int) -> int:
        """Give a cell a segment: the one that was freed last, or a new one."""
        if self.free:
            segment = self.free.pop()
        else:
            segment = len(self.owner)
            self.owner.append(None)
            self.synapses.append([])
        self.owner[segment] = cell
        self.order.append(segment)
        return segment

    def destroy(self, segment: int) -> None:
        """Remove a segment."""
        self.owner[segment], self.synapses[segment] = None, []
        self.order.remove(segment)
        self.free.append(segment)

    def drop_useless(self, segment: int) -> None:
        """Remove a segment that can never match again."""
        if len(self.synapses[segment]) < self.rule["least"]:
            self.destroy(segment)

    def kill(self, cells: list[int]) -> None:
        """Let cells die."""
        self.dead |= set(cells)
        self.active = [cell for cell in self.active if cell not in self.dead]
        self.winners = [cell for cell in self.winners if cell not in self.dead]
        for cell in cells:
            for segment in self.segments_of(cell):
                self.destroy(segment)

    def reset(self) -> None:
        """Forget the last input."""
        self.active, self.winners = [], []
