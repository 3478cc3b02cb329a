"""Names, or other values without an order, as codes that share nothing.

Source: htm.core, ``ScalarEncoder.cpp``, with the option for categories. Differs from the code in: names take the place of whole numbers.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from neurosim.checks import whole
from neurosim.errors import nearest, with_hint
from neurosim.sdr.codes import Code, checked_size, trusted


@dataclass(frozen=True)
class Category:
    """One of some names, or other values, as units of its own.

    Parameters
    ----------
    names : sequence
        All that can be encoded, none twice.
    active : int
        Units of each.

    Examples
    --------
    >>> encoder = Category(["cat", "dog", "owl"], active=2)
    >>> encoder.encode("dog")
    Code([2, 3], 6)
    """

    names: Sequence[Hashable]
    active: int

    def __post_init__(self) -> None:
        names = tuple(self.names)
        if not names:
            raise ValueError("names must hold at least one, got none")
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"names must differ, got {twice[0]!r} twice")
        object.__setattr__(self, "names", names)
        checked_size("size", len(names) * whole("active", self.active, 1))

    @property
    def size(self) -> int:
        """Units in all."""
        return len(self.names) * self.active

    def encode(self, value: Hashable) -> Code:
        """Return the code of a name."""
        if value not in self.names:
            raise with_hint(
                ValueError(f"value must be one of the {len(self.names)} names, got {value!r}"), nearest(str(value), map(str, self.names))
            )
        first = self.names.index(value) * self.active
        return trusted(np.arange(first, first + self.active, dtype=np.int32), self.size)
