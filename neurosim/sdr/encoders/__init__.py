"""Encoders: numbers, names, dates and places as sparse codes, near ones as codes that overlap.

======================  ==============================================================================================
:class:`Scalar`         a number of a known range: a run of neighbouring units
:class:`RandomScalar`   any number: random units that change one by one (random distributed scalar encoder)
:class:`Category`       one of some names: units of its own
:class:`Date`           time of day, day of the week, weekend, season and holidays, one run each
:class:`Coordinate`     a place on a grid of whole numbers, of any number of axes
:func:`join`            codes side by side, as one
======================  ==============================================================================================

Each encoder has a `size`, a number `active` of units that are active in every code, and ``encode(value)``, which returns a
:class:`~neurosim.sdr.codes.Code`. What it cannot encode it refuses.

Sources: S. Purdy, "Encoding data for HTM systems", arXiv:1602.05925 (2016), not read in full; the encoders of htm.core. What differs stands
on the page of each.
"""

from __future__ import annotations

from neurosim.sdr.encoders.categories import Category
from neurosim.sdr.encoders.coordinates import Coordinate
from neurosim.sdr.encoders.dates import Date
from neurosim.sdr.encoders.joining import join
from neurosim.sdr.encoders.scalars import RandomScalar, Scalar

__all__ = ["Category", "Coordinate", "Date", "RandomScalar", "Scalar", "join"]
