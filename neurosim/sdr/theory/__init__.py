r"""What is exactly known of sparse codes: how many there are, how they overlap, and how often a match is wrong.

Symbols of the papers and names here: n ``size``, a or w ``active``, s ``synapses``, :math:`\theta` ``threshold``, v ``lost``, M
``patterns`` or ``codes``, L ``transitions``.

==================================  ===========================================================================
:func:`count_codes`                 number of codes, an exact integer
:func:`count_overlaps`              size of an overlap set, an exact integer
:func:`overlap_probability`         probability of an overlap
:func:`false_positive`              probability that random activity reaches a threshold
:func:`false_negative`              probability that a pattern in noise does not
:func:`any_of`                      probability of at least one of independent events
:func:`set_false_positive`          false positive of a list of codes, or of a neuron's segments
:func:`expected_ones`               mean number of active units in a union
:func:`ones_distribution`           the whole distribution
:func:`coverage`                    the mean as a share of all units
:func:`union_false_positive`        probability that a random code is found in a union
:func:`mixed_false_positive`        false positive of a segment that mixes patterns
:func:`median_false_positive`       median over a grid of cells against the threshold
:func:`least_threshold`             lowest threshold for a false positive
:func:`best_threshold`              threshold with the smallest sum of both errors
:func:`least_size`                  least number of cells for a false positive
:func:`predicted_share`             share of the next code that a first-order memory predicts in noise
:func:`wrong_prediction`            probability that a column is predicted which does not come
:func:`prediction_jaccard`          agreement of predicted and active columns
:func:`least_size_for_sequences`    least number of columns for an agreement
:class:`Pooling`                    overlaps of a spatial pooler's winners, and which of them noise leaves
==================================  ===========================================================================

Probabilities of matches are right to a relative error of 1e-12, however small; functions with ``log`` also below the smallest float.
Arguments are single numbers or arrays, which are broadcast.
"""

from __future__ import annotations

from neurosim.sdr.theory.overlaps import count_codes, count_overlaps, overlap_probability
from neurosim.sdr.theory.pooling import Pooling
from neurosim.sdr.theory.segments import any_of, false_negative, false_positive, set_false_positive
from neurosim.sdr.theory.sequences import least_size_for_sequences, predicted_share, prediction_jaccard, wrong_prediction
from neurosim.sdr.theory.thresholds import best_threshold, least_size, least_threshold, median_false_positive
from neurosim.sdr.theory.unions import coverage, expected_ones, mixed_false_positive, ones_distribution, union_false_positive

__all__ = [
    "Pooling",
    "any_of",
    "best_threshold",
    "count_codes",
    "count_overlaps",
    "coverage",
    "expected_ones",
    "false_negative",
    "false_positive",
    "least_size",
    "least_size_for_sequences",
    "least_threshold",
    "median_false_positive",
    "mixed_false_positive",
    "ones_distribution",
    "overlap_probability",
    "predicted_share",
    "prediction_jaccard",
    "set_false_positive",
    "union_false_positive",
    "wrong_prediction",
]
