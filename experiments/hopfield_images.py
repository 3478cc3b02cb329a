r"""Recall of images: why digits are harder than noise

Handwritten digits, one pixel a unit, are stored by four learning rules and recalled from damaged copies. Digits resemble each other: most
of the page is white in all of them, and two have an overlap :math:`m_{\mu\nu}` of about 0.67 where random patterns have
:math:`N^{-1/2} = 0.04`.

**Hebb.** In image :math:`\mu`, a pixel that differs from the same pixel in all other images feels
:math:`\xi_i^\mu h_i = 1 - \sum_{\nu \ne \mu} m_{\mu\nu} - K / N`. Two images are always kept: they differ in :math:`d` pixels, and
:math:`1 - m_{12} - 2 / N = 2 (d - 1) / N` is not negative. Of three with mutual overlaps above a half none is kept that has such a pixel.

**Hebb, centred.** The mean image is taken out, :math:`J_{ij} = \frac1N \sum_\mu (\xi_i^\mu - \bar\xi_i)(\xi_j^\mu - \bar\xi_j)`, and given
back as an external field, :math:`\theta_i = v \bar\xi_i - \sum_j J_{ij} \bar\xi_j`, :math:`v` the mean square of what remains: the signal
on an image is then :math:`v \xi_i^\mu` again, and what differs between images is less alike than the images.

**Pseudo-inverse.** :math:`J \xi^\mu = \xi^\mu`, so that every image is a fixed point, exactly, however much alike they are. With the
diagonal removed all of them have the same energy, :math:`H / N = -\frac12 (1 - K / N)`, for the trace of a projection is its rank.

**Storkey** (first order) lies between: it discounts what is stored already, but learns each image once.

An image counts as recalled where at most one pixel in a hundred is wrong, m > 0.98: with images so alike, 0.9 would mean nothing.

Source: L. Personnaz, I. Guyon & G. Dreyfus, J. Physique Lett. 46, L359 (1985); I. Kanter & H. Sompolinsky, Phys. Rev. A 35, 380 (1987);
A. J. Storkey, ICANN '97, LNCS 1327, 451 (1997). Images: Y. LeCun, L. Bottou, Y. Bengio & P. Haffner, Proc. IEEE 86, 2278 (1998), pixels
black above half of full ink. Differs from the papers in: these images, and the damage, are ours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes

import neurosim as ns
from neurosim.hopfield import rules
from neurosim.hopfield.matrix import CouplingMatrix

RECALLED = 0.98
SIDE = 28
ALBUM = 1000
"""Album a holds images number 1,000 a and following of the test set; a larger album contains the smaller ones."""
SHOWN = 4
"""Digits of each album that are kept as images."""


def centred(images: npt.NDArray[np.int8]) -> ns.hopfield.DenseHopfield:
    """Make the network of the centred rule."""
    mean = images.mean(axis=0)
    apart = images - mean
    couplings = apart.T @ apart / images.shape[1]
    np.fill_diagonal(couplings, 0.0)
    return ns.hopfield.DenseHopfield(CouplingMatrix(couplings, images), fields=(apart**2).mean() * mean - couplings @ mean)


RULES: dict[str, Callable[[npt.NDArray[np.int8]], ns.hopfield.DenseHopfield]] = {
    "Hebb": ns.hopfield.DenseHopfield,
    "Storkey": lambda images: ns.hopfield.DenseHopfield(rules.storkey(images)),
    "Hebb, centred": centred,
    "pseudo-inverse": lambda images: ns.hopfield.DenseHopfield(rules.pseudo_inverse(images)),
}


def half_white(images: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Erase the lower half."""
    out = images.copy()
    out[:, images.shape[1] // 2 :] = -1
    return out


def run(images: int, album: int, *, cues: int = 20, rng: np.random.Generator) -> xr.Dataset:
    """Store images by each rule, recall the same damaged ones."""
    pixels, _ = ns.data.mnist("test")
    stored = ns.hopfield.binarise(pixels[ALBUM * album : ALBUM * album + images])
    chosen = stored[:cues]
    damaged = {"none": chosen, "10 % flipped": ns.hopfield.flip(chosen, 0.1, rng=rng), "half erased": half_white(chosen)}
    found = [_recall(make(stored), chosen, damaged, int(rng.integers(2**63))) for make in RULES.values()]
    overlap, energy, shown = (np.stack(part) for part in zip(*found, strict=True))
    variables = {
        "overlap": (("rule", "damage", "cue"), _filled(overlap, cues, np.nan)),
        "energy": (("rule", "cue"), _filled(energy, cues, np.nan)),
        "alike": _alike(stored),
        "cue_image": (("damage", "digit", "unit"), _filled(np.stack(list(damaged.values()))[:, :SHOWN], SHOWN, 0, axis=1)),
        "recalled_image": (("rule", "damage", "digit", "unit"), _filled(shown, SHOWN, 0, axis=2)),
    }
    return xr.Dataset(variables, coords={"rule": list(RULES), "damage": list(damaged)})


def _recall(
    memory: ns.hopfield.DenseHopfield, chosen: npt.NDArray[np.int8], damaged: dict[str, npt.NDArray[np.int8]], seed: int
) -> tuple[np.ndarray, ...]:
    """Return final overlaps (damage, cue), energies of the images, and what became of the first few cues (damage, digit, unit)."""
    state = memory.recall(np.concatenate(list(damaged.values())), seed=seed)
    ends = memory.spins(state).reshape(len(damaged), *chosen.shape)
    return (ends * chosen.astype(float)).mean(axis=-1), memory.energy(memory.init(chosen)), ends[:, :SHOWN]


def _filled(values: np.ndarray, size: int, blank: float, axis: int = -1) -> np.ndarray:
    """Lengthen an axis: small albums have fewer cues."""
    missing = [(0, 0)] * values.ndim
    missing[axis] = (0, size - values.shape[axis])
    return np.pad(values, missing, constant_values=blank)


def _alike(stored: npt.NDArray[np.int8]) -> float:
    """Mean overlap of two different images."""
    total = stored.sum(axis=0, dtype=float)
    pairs = len(stored) * (len(stored) - 1)
    return float((total @ total / stored.shape[1] - len(stored)) / pairs) if pairs else np.nan


GRID = {"images": [2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 150, 200, 250, 300, 400], "album": range(8)}


def recalled(data: xr.Dataset) -> xr.DataArray:
    """Fraction of the cues of each album that were recalled."""
    near = (data.overlap > RECALLED).where(data.overlap.notnull()).mean("cue")
    return near.assign_attrs(long_name="fraction of images recalled")


def kept(rule: str, **choice: int) -> Callable[[xr.Dataset], float]:
    """Return the measurement of the fraction of undamaged images in which not a pixel changes."""

    def measure(data: xr.Dataset) -> float:
        overlap = data.overlap.sel(rule=rule, damage="none", **choice)
        return float((overlap == 1.0).where(overlap.notnull()).mean())

    return measure


def energy_error(data: xr.Dataset) -> float:
    """Largest distance of an energy of the pseudo-inverse from -1/2 (1 - K / N)."""
    expected = -0.5 * (1.0 - data["images"] / SIDE**2)
    return float(abs(data.energy.sel(rule="pseudo-inverse") - expected).max())


def figure(data: xr.Dataset) -> Axes:
    """Some digits and what became of them; recall against the number of images for both kinds of damage."""
    data = data.assign_coords({"images": data["images"].assign_attrs(long_name="images stored K")})
    with ns.plot.style():
        _, axes = ns.plot.figure(1, 3, size=(13.0, 3.9), width_ratios=[1.75, 1.0, 1.0])
        _strip(data, axes[0])
        for ax, letter, damage in zip(axes[1:], "bc", ("10 % flipped", "half erased"), strict=True):
            ns.plot.curve(recalled(data).sel(damage=damage), "images", over="album", hue="rule", ax=ax)
            ax.set(xscale="log", ylim=(-0.03, 1.04), title=f"{letter}  {damage}")
        axes[1].get_legend().remove()
        words = ns.plot.legend(axes[2], loc="upper right", borderaxespad=0.0)
        for text in words.get_texts():
            text.set_text(text.get_text().removeprefix("rule = "))
    return axes[0]


def _strip(data: xr.Dataset, ax: Axes) -> None:
    """Cues and recalled images, half of them with flipped pixels, half with the lower half erased."""
    wanted = int(data["images"][np.abs(data["images"].values - 50).argmin()])
    part = data.sel(images=wanted).isel(album=0)
    columns = []
    for damage in ("10 % flipped", "half erased"):
        found = [part.cue_image.sel(damage="none"), part.cue_image.sel(damage=damage)]
        found += [part.recalled_image.sel(damage=damage, rule=rule) for rule in data["rule"].values]
        columns.append(xr.concat([image.drop_vars(["damage", "rule"], errors="ignore") for image in found], "stage").isel(digit=slice(2)))
    names = ["stored", "cue", *(str(rule).replace(", ", ",\n").replace("-", "-\n") for rule in data["rule"].values)]
    table = xr.concat(columns, "digit").transpose("digit", "stage", "unit").assign_coords(stage=names)
    table["stage"].attrs["long_name"] = "what was stored, what was shown, and what each rule made of it"
    table = table.rename(digit="damage").assign_coords(damage=["flipped", "flipped", "erased", "erased"])
    ns.plot.images(table, shape=(SIDE, SIDE), ax=ax)
    ax.tick_params(axis="y", rotation=90)
    ax.set_title(f"a  {wanted} images stored")


EXPERIMENT = ns.Experiment(
    run,
    GRID,
    figure,
    fixed={"cues": 20},
    tiny={"images": [2, 10, 100], "album": range(4)},
    full={"album": range(10)},
    full_time="1 minute on 2 cores",
    claims=(
        ns.Claim(
            "pseudo-inverse: images kept exactly", 1.0, 0.0, "theory", kept("pseudo-inverse"),
            "projection: J xi = xi for every image; removing the diagonal leaves every field with the sign of its pixel",
        ),
        ns.Claim(
            "Hebb: images kept exactly, two stored", 1.0, 0.0, "theory", kept("Hebb", images=2),
            "where two images differ, in d pixels, a field is 2 (d - 1) / N and points the right way, or is 0 and keeps the pixel",
        ),
        ns.Claim(
            "Hebb: images kept exactly, ten stored", 0.0, 0.0, "theory", kept("Hebb", images=10),
            "a pixel unlike those of nine other images has field 1 - 9 m < 0 at a mean overlap m above 1 / 9",
        ),
        ns.Claim(
            "pseudo-inverse: largest error of the energy -(1 - K / N) / 2", 0.0, 1e-6, "theory", energy_error,
            "the trace of a projection is its rank; tolerance: couplings are rounded to about 1e-9",
        ),
    ),
)  # fmt: skip
