r"""Moving stick figures: ten actions, any number of persons, made by formula.

They stand in place of the film clips of people that Sparsey was shown (Weizmann: ten actions of nine persons, reduced to edges), which are
not at hand; nothing is measured from a person. A figure is nine straight limbs and a head, drawn one pixel wide. The angles of its joints
are sines of a phase that advances evenly, so an action is a closed curve of postures; four actions also cross the frame. Persons differ in
height, pace, reach and lean; each clip starts at a phase and a place of its own, and those that cross the frame may face either way.

Limbs, as parts of the height: thigh and shin 1/4 each, trunk 1/3, upper arm and forearm 1/6 each, radius of the head 1/12. Angles are taken
from straight down, forward positive.

Source: ours; the names of the actions are those of L. Gorelick, M. Blank, E. Shechtman, M. Irani & R. Basri, "Actions as space-time
shapes", IEEE Trans. Pattern Anal. Mach. Intell. 29, 2247 (2007), not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole

SHAPE = (32, 40)
"""Rows and columns of a frame."""
TURN = 2 * np.pi
Frames = npt.NDArray[np.bool_]
Point = tuple[float, float]


@dataclass(frozen=True)
class Posture:
    """Angles of a figure in radians, left and right where there are two, and where its hip is.

    Examples
    --------
    >>> Posture(lean=0.2).thighs
    (0.0, 0.0)
    """

    thighs: tuple[float, float] = (0.0, 0.0)
    knees: tuple[float, float] = (0.0, 0.0)
    arms: tuple[float, float] = (-0.1, 0.1)
    elbows: tuple[float, float] = (0.0, 0.0)
    lean: float = 0.0
    lift: float = 0.0


@dataclass(frozen=True)
class Person:
    """How one person differs from others.

    Attributes
    ----------
    height : float
        In pixels.
    pace, reach : float
        Factors of frequency and of angles.
    lean : float
        Added to the lean of the trunk, in radians.

    Examples
    --------
    >>> 17 <= Person.draw(np.random.default_rng(1)).height <= 25
    True
    """

    height: float
    pace: float
    reach: float
    lean: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Person:
        """Draw a person."""
        return cls(rng.uniform(18.0, 24.0), rng.uniform(0.85, 1.15), rng.uniform(0.85, 1.15), rng.uniform(-0.08, 0.08))


@dataclass(frozen=True)
class Action:
    """A closed curve of postures.

    Attributes
    ----------
    posture : callable
        Takes the phase and the reach, returns a Posture.
    cycles : float
        In a clip, at pace 1.
    travel : float
        How far the figure goes in a clip, in widths of the frame.

    Examples
    --------
    >>> float(ACTIONS["bend"].posture(np.pi, 1.0).lean)
    1.5
    """

    posture: Callable[[float, float], Posture]
    cycles: float = 2.0
    travel: float = field(default=0.0, kw_only=True)


def _walk(phase: float, reach: float) -> Posture:
    swing = 0.5 * reach * np.sin(phase)
    knees = -0.5 * max(0.0, np.cos(phase)), -0.5 * max(0.0, -np.cos(phase))
    return Posture((swing, -swing), knees, (-0.8 * swing, 0.8 * swing), (0.2, 0.2), 0.05)


def _run(phase: float, reach: float) -> Posture:
    swing = 0.9 * reach * np.sin(phase)
    knees = -1.4 * max(0.0, np.cos(phase)), -1.4 * max(0.0, -np.cos(phase))
    return Posture((swing, -swing), knees, (-swing, swing), (1.3, 1.3), 0.3, 0.05 * abs(np.sin(phase)))


def _skip(phase: float, reach: float) -> Posture:
    hop = max(0.0, np.sin(phase))
    return Posture((0.9 * reach * hop, -0.1), (-1.3 * hop, 0.0), (-0.6 * hop, 0.6 * hop), (0.4, 0.4), 0.1, 0.12 * hop)


def _side(phase: float, reach: float) -> Posture:
    spread = 0.45 * reach * np.sin(phase / 2) ** 2
    return Posture((spread, -spread), (0.0, 0.0), (0.15, -0.15))


def _jump(phase: float, reach: float) -> Posture:
    hop, crouch = max(0.0, np.sin(phase)), max(0.0, -np.sin(phase))
    bent, arm = 0.8 * reach * crouch, 1.2 * hop - 0.6 * crouch
    return Posture((bent, bent), (-1.6 * bent, -1.6 * bent), (arm, arm), (0.1, 0.1), 0.35 * crouch, 0.15 * hop)


def _hop(phase: float, reach: float) -> Posture:
    hop = max(0.0, np.sin(phase))
    return Posture((0.05, -0.05), (0.0, 0.0), (-0.12, 0.12), lift=0.18 * reach * hop)


def _jack(phase: float, reach: float) -> Posture:
    open_ = np.sin(phase / 2) ** 2
    return Posture((0.5 * reach * open_, -0.5 * reach * open_), (0.0, 0.0), (0.2 + 2.5 * open_, -0.2 - 2.5 * open_), lift=0.05 * open_)


def _bend(phase: float, reach: float) -> Posture:
    low = reach * np.sin(phase / 2) ** 2
    return Posture((0.03, -0.03), (0.0, 0.0), (0.3 * low, 0.3 * low), lean=1.5 * low)


def _wave_one(phase: float, reach: float) -> Posture:
    return Posture((0.08, -0.08), (0.0, 0.0), (2.2 + 0.5 * reach * np.sin(phase), -0.1), (0.4, 0.0))


def _wave_two(phase: float, reach: float) -> Posture:
    arm = 2.2 + 0.5 * reach * np.sin(phase)
    return Posture((0.08, -0.08), (0.0, 0.0), (arm, -arm), (0.4, -0.4))


ACTIONS = {
    "bend": Action(_bend, 1.0),
    "jack": Action(_jack, 2.0),
    "jump": Action(_jump, 3.0, travel=0.5),
    "jump in place": Action(_hop, 3.0),
    "run": Action(_run, 3.0, travel=0.7),
    "side": Action(_side, 3.0, travel=0.5),
    "skip": Action(_skip, 3.0, travel=0.5),
    "walk": Action(_walk, 2.0, travel=0.5),
    "wave": Action(_wave_one, 3.0),
    "wave with both": Action(_wave_two, 3.0),
}
"""The ten actions by name."""


def clip(action: str, person: int, *, frames: int = 24, shape: tuple[int, int] = SHAPE, seed: int = 0) -> Frames:
    """Draw one clip.

    Parameters
    ----------
    action : str
        A name of ``ACTIONS``.
    person : int
        Number of the person, at least 0.
    frames : int
        At least 1. An action has the same number of cycles in a clip of any length.
    shape : tuple of two ints
        Rows and columns, at least 32 and 24.
    seed : int
        Chooses who the persons are, and the start of each clip.

    Returns
    -------
    ndarray of bool, shape (frames, rows, columns)

    Examples
    --------
    >>> moving = clip("walk", 0)
    >>> moving.shape, bool(30 < moving.sum(axis=(1, 2)).mean() < 90)
    ((24, 32, 40), True)
    """
    if action not in ACTIONS:
        from neurosim.errors import nearest, with_hint

        raise with_hint(ValueError(f"action must be a name of ACTIONS, got {action!r}"), nearest(action, ACTIONS))
    if shape[0] < 32 or shape[1] < 24:
        raise ValueError(f"shape must be at least (32, 24), a figure has up to 24 pixels and lifts its arms, got {shape}")
    person, frames = whole("person", person, 0), whole("frames", frames, 1)
    who = Person.draw(np.random.default_rng([seed, person]))
    rng = np.random.default_rng([seed, person, 1 + list(ACTIONS).index(action)])
    moves, start, facing, aside = ACTIONS[action], rng.uniform(0.0, TURN), rng.choice([-1, 1]), rng.uniform(-2.0, 2.0)
    out = np.zeros((frames, *shape), bool)
    for frame in range(frames):
        part = frame / frames
        posture = moves.posture((start + TURN * moves.cycles * who.pace * part) % TURN, who.reach)
        middle = shape[1] / 2 + aside + facing * moves.travel * shape[1] * (part - 0.5)
        for a, b in limbs(posture, who, (shape[0] - 2.0, middle), int(facing)):
            draw_line(out[frame], a, b)
    return out


def limbs(posture: Posture, who: Person, foot: Point, facing: int) -> Iterator[tuple[Point, Point]]:
    """Yield the straight lines of a figure as pairs of points (row, column); `foot` is where it would stand upright.

    Examples
    --------
    >>> lines = list(limbs(Posture(), Person(24.0, 1.0, 1.0, 0.0), (30.0, 20.0), 1))
    >>> len(lines), lines[0]
    (17, ((18.0, 20.0), (10.0, 20.0)))
    """

    def from_(point: Point, length: float, angle: float) -> Point:
        return point[0] + length * who.height * float(np.cos(angle)), point[1] + facing * length * who.height * float(np.sin(angle))

    legs = [from_(from_((0.0, 0.0), 0.25, thigh), 0.25, thigh + knee)[0] for thigh, knee in zip(posture.thighs, posture.knees, strict=True)]
    hip = foot[0] - max(legs) - posture.lift * who.height, foot[1]
    up = np.pi - posture.lean - who.lean
    neck = from_(hip, 1 / 3, up)
    yield hip, neck
    for thigh, knee in zip(posture.thighs, posture.knees, strict=True):
        joint = from_(hip, 0.25, thigh)
        yield hip, joint
        yield joint, from_(joint, 0.25, thigh + knee)
    shoulder = from_(hip, 0.3, up)
    for arm, elbow in zip(posture.arms, posture.elbows, strict=True):
        joint = from_(shoulder, 1 / 6, arm)
        yield shoulder, joint
        yield joint, from_(joint, 1 / 6, arm + elbow)
    head = from_(neck, 1 / 12, up)
    corners = [from_(head, 1 / 12, TURN * corner / 8) for corner in range(9)]
    yield from zip(corners, corners[1:], strict=False)


def draw_line(frame: Frames, a: Point, b: Point) -> None:
    """Set the pixels of a straight line, one for each row or column that it crosses; what lies outside is left out.

    Examples
    --------
    >>> frame = np.zeros((3, 4), bool)
    >>> draw_line(frame, (0.0, 0.0), (2.0, 5.0))
    >>> np.argwhere(frame).tolist()
    [[0, 0], [0, 1], [1, 2], [1, 3]]
    """
    n = int(np.ceil(max(abs(a[0] - b[0]), abs(a[1] - b[1])))) + 1
    rows, columns = np.rint(np.linspace(a[0], b[0], n)).astype(int), np.rint(np.linspace(a[1], b[1], n)).astype(int)
    inside = (rows >= 0) & (rows < frame.shape[0]) & (columns >= 0) & (columns < frame.shape[1])
    frame[rows[inside], columns[inside]] = True
