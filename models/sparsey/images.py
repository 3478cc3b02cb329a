"""Images made ready for macs: scaled, binarised, thinned to lines one pixel wide.

A grey image is scaled with linear interpolation, each pixel of the result averaging what lies under it; pixels above a threshold are set;
what remains is thinned to its skeleton (Zhang & Suen). Digits of 28 x 28 pixels become lines of 12 to 48 pixels on 24 rows and 16 columns.

Source: G. J. Rinkus, "Preliminary MNIST results", sparsey.com, for the steps (16 x 24, binarised, skeletonised, with ImageJ), read in part;
T. Y. Zhang & C. Y. Suen, Commun. ACM 27, 236 (1984), not read. Size, threshold and interpolation were set by comparison with the thousand
prepared digits that the public repository SashwatAnagolum/SparseyTestingSystem holds, images of the MNIST test set: with a threshold of 105
of 255 the two share 0.87 of their pixels (mean Jaccard index), and 33 % of the images are equal. Differs from the source in: scikit-image
instead of ImageJ.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurosim.checks import real, whole
from neurosim.errors import MissingExtra, with_hint
from neurosim.sdr import Code, Codes

SHAPE = (24, 16)
"""Rows and columns of a prepared digit."""
THRESHOLD = 105.0
"""Grey levels above this are set, of 255."""


def skeletons(
    images: npt.ArrayLike, *, shape: tuple[int, int] = SHAPE, threshold: float = THRESHOLD, thin: bool = True
) -> npt.NDArray[np.bool_]:
    """Scale grey images, binarise and thin them.

    Parameters
    ----------
    images : array_like of uint8, shape (n, height, width)
        0 is the background.
    shape : tuple of two ints
        Rows and columns wanted.
    threshold : float
        Pixels above it are set, in 0 ... 255.
    thin : bool
        Whether to thin; without, nothing beyond the engine's own requirements is needed.

    Returns
    -------
    ndarray of bool, shape (n, rows, columns)

    Raises
    ------
    MissingExtra
        If scikit-image is not installed.
    TypeError, ValueError
        If `images` is no stack of grey images, or a parameter is out of range.

    Examples
    --------
    >>> bar = np.zeros((1, 28, 28), np.uint8)
    >>> bar[0, 4:24, 12:16] = 255
    >>> lines = skeletons(bar)
    >>> lines.shape, int(lines.sum()), int(lines.any(axis=1).sum())
    ((1, 24, 16), 16, 1)
    """
    from PIL import Image

    stack = np.asarray(images)
    if stack.ndim != 3 or stack.dtype != np.uint8:
        raise TypeError(f"images must be uint8 of shape (n, height, width), got {stack.dtype} of shape {stack.shape}")
    rows, columns = (whole(name, size, 1) for name, size in zip(("rows of shape", "columns of shape"), shape, strict=True))
    if not 0 <= real("threshold", threshold) <= 255:
        raise ValueError(f"threshold must lie in 0 ... 255, got {threshold}")
    thinned = _thinning() if thin else np.asarray
    scaled = (np.asarray(Image.fromarray(image).resize((columns, rows), Image.Resampling.BILINEAR)) for image in stack)
    return np.array([thinned(image > threshold) for image in scaled], bool).reshape(len(stack), rows, columns)


def codes_of(frames: npt.ArrayLike) -> Codes:
    """Return binary frames as codes of their pixels, row by row.

    Examples
    --------
    >>> codes_of(np.eye(3, dtype=bool)[None])[0]
    Code([0, 4, 8], 9)
    """
    frames = np.asarray(frames)
    if frames.ndim < 2 or frames.dtype != bool or not len(frames):
        raise TypeError(f"frames must be truth values of shape (n, rows, columns), got {frames.dtype} of shape {frames.shape}")
    return Codes([Code.from_dense(frame.reshape(-1)) for frame in frames])


def _thinning():
    try:
        from skimage.morphology import skeletonize
    except ImportError as missing:
        told = MissingExtra("skeletons of images need the package scikit-image, which is not installed")
        raise with_hint(told, 'install it with: pip install "neurosim[images]"; or pass thin=False') from missing
    return skeletonize
