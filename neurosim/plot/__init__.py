"""Figures: functions that take labelled data and an Axes, and return the Axes.

Nothing here computes science: a figure shows what a Dataset holds, with the theory laid over it.

=====================  ==========================================================================
:func:`curve`          one quantity against one axis of a sweep: error bars, one hue, theory on top
:func:`phase_diagram`  one quantity against two axes of a sweep, with phase lines on top
:func:`energy`         energy of a run against time, of one replica or many
:func:`overlaps`       overlaps of a run with each pattern against time
:func:`landscape`      energy landscape in a plane, with trajectories and attractors
:func:`raster`         spikes of one or several populations, of millions too, and the population rate
:func:`isi`            distribution of the intervals between spikes
:func:`phase_circle`   phases of oscillators on the circle, with the arrow of their order parameter
:func:`space_time`     phases of many oscillators against time, as in a chimera
:func:`code_overlaps`  units that each code of a table shares with each of another
:func:`column_raster`  columns of a temporal memory over time: predicted, bursting, predicted but silent
:func:`column_cells`   its cells at one look; :func:`moving_columns` moves both
:func:`images`         units as the pixels of images
:class:`Animation`     anything that moves, as a GIF; :func:`animate` lets the figure of a run grow with time, and
                       :func:`animation.images <neurosim.plot.animation.images>` shows the units of a run as moving images
:func:`live`           any recorder, drawn while the simulation runs (notebooks)
:func:`figure`         a new figure in the house style, :func:`style` the style alone
:func:`legend`         the legend of an Axes in the house style
:func:`save`           PNG and SVG, written atomically, the same bytes every time
=====================  ==========================================================================

Labels are read from the data: ``attrs["long_name"]`` or the name, then ``attrs["units"]`` in brackets. Colours are those of
Okabe and Ito (2008), told apart with any form of colour vision; series also differ in marker, phase lines in dash.
"""

from __future__ import annotations

from neurosim.plot import animation
from neurosim.plot.animation import Animation, animate
from neurosim.plot.curves import curve, mean_and_error, phase_diagram
from neurosim.plot.images import images
from neurosim.plot.intervals import isi
from neurosim.plot.landscape import landscape
from neurosim.plot.live import Live, live
from neurosim.plot.oscillators import phase_circle, space_time
from neurosim.plot.raster import raster
from neurosim.plot.runs import energy, overlaps
from neurosim.plot.sdr import code_overlaps, column_cells, column_raster, moving_columns
from neurosim.plot.style import COLOURS, MARKERS, axis_label, figure, legend, save, style

__all__ = [
    "Animation",
    "COLOURS",
    "Live",
    "MARKERS",
    "animate",
    "animation",
    "axis_label",
    "code_overlaps",
    "column_cells",
    "column_raster",
    "curve",
    "energy",
    "figure",
    "images",
    "isi",
    "landscape",
    "legend",
    "live",
    "mean_and_error",
    "moving_columns",
    "overlaps",
    "phase_circle",
    "phase_diagram",
    "raster",
    "save",
    "space_time",
    "style",
]
