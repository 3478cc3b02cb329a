r"""Receptive fields of a grid of macs: rectangles that overlap and cover what lies below.

A grid below has R x C places: pixels, or macs of the level below. A field of r x c places is laid on it every :math:`s_r` rows and
:math:`s_c` columns, so that there are :math:`((R - r) / s_r + 1) \times ((C - c) / s_c + 1)` fields; both fractions must be whole, or
places at the far edges would be seen by nobody. A place inside is seen by :math:`r c / (s_r s_c)` macs on average.

Source: G. J. Rinkus, Front. Comput. Neurosci. 8, 160 (2014), for fields that overlap. Differs from the paper in: fields are rectangles on a
square grid, not sets of hexagons.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurosim.checks import whole

Places = npt.NDArray[np.int32]
Pair = tuple[int, int]


def grid_of(shape: Pair, field: Pair, stride: Pair) -> Pair:
    """Return how many fields lie on a grid, in rows and columns.

    Parameters
    ----------
    shape, field, stride : tuple of two ints
        Rows and columns: of the grid below, of a field, and from one field to the next.

    Raises
    ------
    TypeError, ValueError
        If a field does not fit, or the fields do not reach the last row or column.

    Examples
    --------
    >>> grid_of((24, 16), (8, 6), (2, 2))
    (9, 6)
    """
    counts = []
    for axis, name in enumerate(("rows", "columns")):
        below, size, step = (_pair(what, pair)[axis] for what, pair in (("shape", shape), ("field", field), ("stride", stride)))
        if size > below:
            raise ValueError(f"field must fit into shape: {size} {name} into {below}")
        if step > size or (below - size) % step:
            wanted = f"at most {size} and divide {below - size}"
            raise ValueError(f"stride must let fields cover all {name}: {wanted} = {below} - {size}, got {step}")
        counts.append((below - size) // step + 1)
    return counts[0], counts[1]


def grid_fields(shape: Pair, field: Pair, stride: Pair) -> list[Places]:
    """Return the places below that each field covers, row by row.

    Parameters
    ----------
    shape, field, stride
        As for :func:`grid_of`.

    Returns
    -------
    list of ndarray of int32
        Rising numbers of places, row * columns + column.

    Examples
    --------
    >>> [places.tolist() for places in grid_fields((2, 4), (2, 2), (1, 1))]
    [[0, 1, 4, 5], [1, 2, 5, 6], [2, 3, 6, 7]]
    """
    rows, columns = grid_of(shape, field, stride)
    corner = np.arange(field[0])[:, None] * shape[1] + np.arange(field[1])
    starts = [row * stride[0] * shape[1] + column * stride[1] for row in range(rows) for column in range(columns)]
    return [(corner + start).reshape(-1).astype(np.int32) for start in starts]


def parents_of(fields: list[Places], below: int) -> list[Places]:
    """Return for each place below the fields that cover it.

    Examples
    --------
    >>> [parents.tolist() for parents in parents_of(grid_fields((1, 3), (1, 2), (1, 1)), 3)]
    [[0], [0, 1], [1]]
    """
    covers = np.zeros((below, len(fields)), bool)
    for number, places in enumerate(fields):
        covers[places, number] = True
    return [np.flatnonzero(row).astype(np.int32) for row in covers]


def _pair(name: str, pair: Pair) -> Pair:
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError(f"{name} must be a pair (rows, columns), got {pair!r}")
    return whole(f"rows of {name}", pair[0], 1), whole(f"columns of {name}", pair[1], 1)
