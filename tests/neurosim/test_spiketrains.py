"""What spike trains tell, against trains whose statistics are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim.spiketrains import (
    SpikeTrains,
    count_correlation,
    counts,
    intervals,
    modulation,
    peak_frequency,
    poisson_level,
    pooled_variation,
    population_rate,
    spectrum,
    variation,
)

RNG = np.random.default_rng


def poisson(n: int, rate: float, duration: float, seed: int, depth: float = 0.0, frequency: float = 0.0) -> SpikeTrains:
    """Return Poisson units whose common rate (Hz) is modulated by a sinusoid of the given depth."""
    rng = RNG(seed)
    time = rng.uniform(0, duration, rng.poisson(n * rate * duration / 1000 * (1 + depth)))
    kept = rng.random(time.size) * (1 + depth) < 1 + depth * np.sin(2 * np.pi * frequency * time / 1000)
    return SpikeTrains(time[kept], rng.integers(0, n, kept.sum()), n, 0.0, duration)


def gamma(n: int, shape: float, mean: float, duration: float, seed: int) -> SpikeTrains:
    """Return units whose intervals follow a gamma law: their CV is shape^(-1/2)."""
    time = np.cumsum(RNG(seed).gamma(shape, mean / shape, (n, round(2 * duration / mean))), axis=1)
    inside = time < duration
    return SpikeTrains(time[inside], np.broadcast_to(np.arange(n)[:, None], time.shape)[inside], n, 0.0, duration)


class TestIntervals:
    def test_a_gamma_process_has_its_variation(self) -> None:
        """Error of a CV from 2,000 intervals of each of 100 units: about 1 / sqrt(2 x 200,000)."""
        found = variation(gamma(100, 4.0, 10.0, 20_000.0, 1))
        assert found.mean() == pytest.approx(0.5, abs=0.005)

    def test_of_few_intervals_the_pooled_one_is_less_biased(self) -> None:
        """Windows of five mean intervals: the units with the most spikes count most, and long intervals are missing."""
        trains = gamma(4000, 4.0, 10.0, 500.0, 1).between(450.0)
        assert np.nanmean(variation(trains)) < pooled_variation(trains) - 0.02
        assert pooled_variation(trains) == pytest.approx(0.5, abs=0.06)

    def test_a_poisson_process_has_variation_one(self) -> None:
        assert variation(poisson(50, 50.0, 40_000.0, 2)).mean() == pytest.approx(1.0, abs=0.01)

    @given(times=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 4)), unique=True, max_size=40), seed=st.integers(0, 99))
    def test_the_order_of_spikes_does_not_matter(self, times: list[tuple[int, int]], seed: int) -> None:
        time, unit = np.array(times, int).reshape(-1, 2).T
        order = RNG(seed).permutation(time.size)
        found = intervals(SpikeTrains(time[order], unit[order], 5, 0.0, 100.0))
        slow = [(b - a, who) for who in range(5) for train in [np.sort(time[unit == who])] for a, b in zip(train, train[1:], strict=False)]
        assert list(zip(*found, strict=True)) == slow

    def test_units_with_few_intervals_have_none(self) -> None:
        trains = SpikeTrains([0.0, 1.0, 2.0, 4.0, 0.0, 1.0], [0, 0, 0, 0, 2, 2], 3, 0.0, 10.0)
        assert np.isnan(variation(trains)).tolist() == [False, True, True]
        assert np.isnan(variation(trains, fewest=1)).tolist() == [False, True, False]


class TestPopulationRate:
    def test_times_of_ticks_fall_into_their_bins(self) -> None:
        """Multiples of 0.1 are not exact: each of a thousand ticks must fall into its own bin."""
        ticks = np.arange(1000) * 0.1
        assert (counts(SpikeTrains(ticks, np.zeros(1000, int), 1, 0.0, 100.0), 0.1) == 1).all()
        assert (counts(SpikeTrains(ticks, np.zeros(1000, int), 1, 0.0, 100.0), 0.5) == 5).all()

    def test_the_mean_is_the_rate(self) -> None:
        trains = poisson(20, 30.0, 2000.0, 3)
        assert population_rate(trains, 2.0)[1].mean() == pytest.approx(trains.rate)

    def test_a_part_of_the_window(self) -> None:
        trains = SpikeTrains(np.arange(1000) * 0.1, np.zeros(1000, int), 1, 0.0, 100.0)
        part = trains.between(30.0, 70.0)
        assert part.time.size == 400
        assert part.rate == pytest.approx(trains.rate)


class TestSpectrum:
    def test_independent_poisson_units_are_flat(self) -> None:
        """2 x 250 frequencies x about 40 independent segments: the mean is known to 1 %."""
        trains = poisson(100, 20.0, 10_000.0, 4)
        frequency, power = spectrum(trains, bin=1.0)
        assert power[frequency < 100].mean() == pytest.approx(poisson_level(trains), rel=0.05)
        assert modulation(trains, bin=1.0) < 0.1

    def test_a_sinusoid_is_found_with_its_depth(self) -> None:
        """Depth d of a sinusoid gives the modulation d / sqrt 2."""
        for depth, at in ((1.0, 40.0), (0.5, 120.0)):
            trains = poisson(2000, 40.0, 4000.0, 5, depth, at)
            frequency, power = spectrum(trains, resolution=2.0)
            assert peak_frequency(frequency, power) == pytest.approx(at, abs=1.0)
            assert modulation(trains) == pytest.approx(depth / np.sqrt(2), rel=0.03)

    def test_its_integral_is_the_variance_of_the_rate(self) -> None:
        trains = poisson(200, 40.0, 8000.0, 6, 0.8, 60.0)
        frequency, power = spectrum(trains)
        _, rate = population_rate(trains, 0.5)
        assert power.sum() * (frequency[1] - frequency[0]) == pytest.approx(rate.var(), rel=0.05)


class TestCorrelation:
    def test_independent_units_have_none(self) -> None:
        """The sum over 200 units of 1,000 bins: the error of the mean correlation is sqrt(2 / 1000) / 200."""
        assert abs(count_correlation(poisson(200, 40.0, 10_000.0, 7), bin=10.0)) < 3 * np.sqrt(2 / 1000) / 200

    def test_shared_spikes_are_found(self) -> None:
        """Each unit has half of its spikes from one common train: correlation 1/2."""
        n = 30
        common, own = poisson(1, 20.0, 50_000.0, 9), poisson(n, 20.0, 50_000.0, 10)
        time = np.concatenate([np.repeat(common.time, n), own.time])
        trains = SpikeTrains(time, np.concatenate([np.tile(np.arange(n), common.time.size), own.unit]), n, 0.0, 50_000.0)
        assert count_correlation(trains, bin=10.0) == pytest.approx(0.5, abs=0.02)

    def test_it_is_the_mean_over_pairs(self) -> None:
        trains = poisson(6, 100.0, 500.0, 11, 0.9, 20.0)
        table = np.array([counts(SpikeTrains(trains.time[trains.unit == i], np.zeros((trains.unit == i).sum(), int), 1, 0.0, 500.0), 10.0)
                          for i in range(6)])  # fmt: skip
        slow = np.corrcoef(table)[np.triu_indices(6, 1)].mean()
        assert count_correlation(trains, bin=10.0) == pytest.approx(slow)

    def test_silent_units_do_not_count(self) -> None:
        assert np.isnan(count_correlation(SpikeTrains([1.0], [0], 3, 0.0, 10.0), bin=5.0))


class TestOfARun:
    def test_recordings_are_put_together(self) -> None:
        cells = {"exc": ns.Population(ns.LIF(rest=30.0), 6), "inh": ns.Population(ns.LIF(rest=25.0), 3)}
        net = ns.Network(cells, dt=0.5)
        record = {"exc": ns.Spikes("exc", units=[1, 4]), "inh": ns.Spikes("inh")}
        run = ns.simulate(net, net.init(seed=1), duration=200.0, record=record)
        trains = SpikeTrains.of(run, "exc", "inh")
        assert (trains.n_units, trains.start, trains.stop) == (5, 0.0, 200.0)
        assert np.unique(trains.unit).tolist() == [0, 1, 2, 3, 4]
        assert SpikeTrains.of(run, "inh").rate == pytest.approx(run.inh_unit.attrs["rate"])

    def test_an_unknown_recording(self) -> None:
        net = ns.Network({"exc": ns.Population(ns.LIF(rest=30.0), 2)})
        run = ns.simulate(net, net.init(seed=1), duration=10.0, record={"exc": ns.Spikes("exc")})
        with pytest.raises(ValueError, match="no recording of spikes 'ex'"):
            SpikeTrains.of(run, "ex")
        with pytest.raises(ValueError, match="at least one"):
            SpikeTrains.of(run)


class TestBadInput:
    @pytest.mark.parametrize(
        ("time", "unit", "n", "start", "stop", "words"),
        [
            ([1.0], [0, 1], 2, 0.0, 10.0, "one shape"),
            ([1.0], [2], 2, 0.0, 10.0, "unit must lie in 0 ... 1"),
            ([10.0], [0], 2, 0.0, 10.0, "time must lie in"),
            ([1.0], [0], 2, 5.0, 5.0, "stop must lie after start"),
            ([1.0], [0], 0, 0.0, 10.0, "n_units must be at least 1"),
        ],
    )
    def test_trains(self, time: list[float], unit: list[int], n: int, start: float, stop: float, words: str) -> None:
        with pytest.raises(ValueError, match=words):
            SpikeTrains(np.array(time), np.array(unit), n, start, stop)

    def test_units_are_whole_numbers(self) -> None:
        with pytest.raises(TypeError, match="whole numbers"):
            SpikeTrains([1.0], [0.0], 2, 0.0, 10.0)

    def test_measures(self) -> None:
        trains = SpikeTrains([1.0, 2.0], [0, 1], 2, 0.0, 10.0)
        with pytest.raises(ValueError, match="bin must fit"):
            counts(trains, 20.0)
        with pytest.raises(ValueError, match="bin must be"):
            counts(trains, 0.0)
        with pytest.raises(ValueError, match="needs segments of 500 bins, the window has 20"):
            spectrum(trains)
        with pytest.raises(ValueError, match="twice"):
            count_correlation(trains, bin=6.0)
        with pytest.raises(ValueError, match="part must lie"):
            trains.between(5.0, 12.0)
        with pytest.raises(ValueError, match="one shape"):
            peak_frequency([1.0, 2.0], [1.0])

    def test_no_spikes(self) -> None:
        trains = SpikeTrains([], [], 3, 0.0, 300.0)
        assert trains.rate == 0.0
        assert np.isnan(variation(trains)).all()
        assert np.isnan(modulation(trains))
        assert np.isnan(peak_frequency(*spectrum(trains)))
