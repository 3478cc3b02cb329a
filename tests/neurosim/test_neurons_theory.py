"""Rates of leaky integrate-and-fire neurons: closed forms and limits, slow quadrature, simulation of the discrete process, bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from neurosim.neurons import theory
from neurosim.neurons.theory import brunel_rates, discrete_rate, discrete_threshold_shift, lif_rate, siegert_rate
from neurosim.neurons.theory.discrete import absorption_times
from neurosim.neurons.theory.shifts import ZETA_HALF

CELL = {"tau": 20.0, "threshold": 20.0, "reset": 10.0, "refractory": 2.0}
REGIMES = [(15.0, 5.0), (20.0, 1.0), (25.0, 2.0), (22.0, 10.0), (0.0, 5.0)]
"""Driven by noise, at the threshold, by the mean, in strong noise, rarely."""


def slow_log_rate(mean: float, sigma: float, *, tau: float, threshold: float, reset: float, refractory: float) -> float:
    """Return the logarithm of Siegert's rate in Hz, by adaptive quadrature downwards from the threshold in many pieces."""
    top, width = (threshold - mean) / sigma, (threshold - reset) / sigma
    peak = max(top, 0.0) ** 2

    def integrand(y: float) -> float:
        u = top - y
        return math.exp(u * u - peak) * special.erfc(-u) if u > 0 else math.exp(-peak) * special.erfcx(-u)

    breaks = [shift + 10.0**k for shift in (0.0, top) for k in range(-4, 9)] + [0.0, width, top, top + 3]
    inside = sorted({y for y in breaks if 0 <= y <= width})
    pieces = [integrate.quad(integrand, *ends, epsabs=0, epsrel=1e-12, limit=300)[0] for ends in zip(inside, inside[1:], strict=False)]
    return math.log(1000) - peak - math.log(refractory * math.exp(-peak) + tau * math.sqrt(math.pi) * math.fsum(pieces))


def hakim_rate(mean: float, sigma: float, *, tau: float, threshold: float, reset: float, refractory: float) -> float:
    """Return Siegert's rate in the other form of Brunel & Hakim (1999), an integral over all positive numbers."""
    low, high = (reset - mean) / sigma, (threshold - mean) / sigma
    found, _ = integrate.quad(
        lambda u: math.exp(2 * low * u - u * u) * math.expm1(2 * (high - low) * u) / u, 0, 20, epsrel=1e-12, limit=300
    )
    return 1000 / (refractory + tau * found)


def simulate(mean: float, sigma: float, dt: float, *, cells: int, duration: float, seed: int, **cell: float) -> tuple[float, float]:
    """Return rate and standard error of independent cells: the plain loop, in steps."""
    rng = np.random.default_rng(seed)
    decay, held = math.exp(-dt / cell["tau"]), round(cell["refractory"] / dt)
    noise = sigma * math.sqrt((1 - decay**2) / 2)
    v, wait, spikes = rng.uniform(cell["reset"], cell["threshold"], cells), np.zeros(cells, int), np.zeros(cells)
    settle = round(200 / dt)
    for step in range(settle + round(duration / dt)):
        ready = wait == 0
        v = np.where(ready, mean + decay * (v - mean) + noise * rng.standard_normal(cells), v)
        fired = ready & (v > cell["threshold"])
        v[fired], wait = cell["reset"], np.where(fired, held, np.maximum(wait - 1, 0))
        if step >= settle:
            spikes += fired
    rates = 1000 * spikes / duration
    return float(rates.mean()), float(rates.std(ddof=1) / math.sqrt(cells))


# Constant input


def test_constant_input_is_the_time_of_an_exponential_approach() -> None:
    rate = float(lif_rate(30.0, **CELL))
    v_at_spike = 30 + (10 - 30) * math.exp(-(1000 / rate - 2) / 20)
    assert v_at_spike == pytest.approx(20.0, rel=1e-14)


def test_at_the_threshold_and_below_there_is_silence() -> None:
    assert lif_rate([-1e6, 0.0, 19.999, 20.0], **CELL).tolist() == [0, 0, 0, 0]
    assert float(lif_rate(np.nextafter(20.0, 21.0), **CELL)) > 0


def test_strong_input_is_limited_by_the_refractory_time_or_by_the_charge() -> None:
    assert float(lif_rate(1e12, **CELL)) == pytest.approx(500, rel=1e-9)
    assert float(lif_rate(1e12, **CELL | {"refractory": 0.0})) == pytest.approx(1000 * 1e12 / (20 * 10), rel=1e-9)


@given(st.floats(-100, 100), st.floats(-50, 100))
def test_only_differences_of_potentials_count(shift: float, drive: float) -> None:
    moved = CELL | {"threshold": 20 + shift, "reset": 10 + shift, "resting": shift}
    assert float(siegert_rate(drive, 3.0, **moved)) == pytest.approx(float(siegert_rate(drive, 3.0, **CELL)), rel=1e-9)
    if abs(drive - 20) > 1e-3:
        assert float(lif_rate(drive, **moved)) == pytest.approx(float(lif_rate(drive, **CELL)), rel=1e-8)


# White noise


@settings(max_examples=60, deadline=None)
@given(st.floats(-26, 40), st.floats(-3, 3), st.floats(-3, 2.5), st.sampled_from([0.0, 2.0]))
def test_siegert_equals_slow_quadrature(steepness: float, log_sigma: float, log_width: float, refractory: float) -> None:
    sigma, width = 10**log_sigma, 10**log_width
    cell = {"tau": 20.0, "threshold": 0.0, "reset": -width, "refractory": refractory}
    mean = steepness * sigma
    assert math.log(float(siegert_rate(mean, sigma, **cell))) == pytest.approx(slow_log_rate(mean, sigma, **cell), abs=1e-11)


@pytest.mark.parametrize(("mean", "sigma"), [*REGIMES, (40.0, 3.0)])
def test_siegert_equals_the_form_of_brunel_and_hakim(mean: float, sigma: float) -> None:
    assert float(siegert_rate(mean, sigma, **CELL)) == pytest.approx(hakim_rate(mean, sigma, **CELL), rel=1e-9)


def test_the_smallest_rates_follow_kramers() -> None:
    steep = np.array([10.0, 20.0, 26.0])
    q_over = steep * np.exp(-steep * steep) / (20.0 * math.sqrt(math.pi)) * 1000
    series = 1 - 1 / (2 * steep**2) - 1 / (2 * steep**4)
    rates = siegert_rate(-steep, 1.0, tau=20.0, threshold=0.0, reset=-30.0)
    assert rates == pytest.approx(q_over * series, rel=2e-5)
    assert 0 < rates[-1] < 1e-290


def test_no_barrier_is_too_high_and_no_noise_too_small() -> None:
    rates = siegert_rate([-1e9, -30.0, 19.0, 30.0, 30.0], [1.0, 1e-3, 1e-300, 1e-300, 1e-5], **CELL)
    assert rates[:3].tolist() == [0, 0, 0]
    assert siegert_rate([1e300, -1e300], 1e-300, **CELL).tolist() == [500, 0]
    assert rates[3:] == pytest.approx(float(lif_rate(30.0, **CELL)), rel=1e-9)


@given(st.floats(20.1, 500))
def test_without_noise_siegert_is_the_rate_at_constant_input(mean: float) -> None:
    assert float(siegert_rate(mean, 0.0, **CELL)) == float(lif_rate(mean, **CELL))
    assert float(siegert_rate(mean, 1e-6, **CELL)) == pytest.approx(float(lif_rate(mean, **CELL)), rel=1e-10)


@given(st.floats(-20, 60), st.floats(0.01, 10), st.floats(2, 20))
def test_more_input_fires_more(mean: float, more: float, sigma: float) -> None:
    low, high = siegert_rate([mean, mean + more], sigma, **CELL)
    assert 0 < low < high < 500


@given(st.floats(-5, 10), st.floats(1, 20), st.floats(0.01, 10))
def test_more_noise_fires_more_below_the_threshold(mean: float, sigma: float, more: float) -> None:
    low, high = siegert_rate(mean, [sigma, sigma + more], **CELL)
    assert low < high


@given(st.floats(0, 40), st.floats(1, 10), st.floats(0.1, 30))
def test_the_refractory_time_adds_to_the_interval(mean: float, sigma: float, refractory: float) -> None:
    bare = float(siegert_rate(mean, sigma, **CELL | {"refractory": 0.0}))
    assert float(siegert_rate(mean, sigma, **CELL | {"refractory": refractory})) == pytest.approx(
        1000 / (refractory + 1000 / bare), rel=1e-12
    )


def test_arguments_broadcast_and_numbers_give_numbers() -> None:
    table = siegert_rate(np.array([[10.0], [20.0], [30.0]]), [1.0, 5.0], **CELL | {"tau": np.array([[[10.0]], [[20.0]]])})
    assert table.shape == (2, 3, 2)
    assert table[1, 2, 1] == siegert_rate(30.0, 5.0, **CELL)
    assert discrete_rate([10.0, 20.0], [[5.0], [6.0], [7.0]], dt=1.0, **CELL).shape == (3, 2)
    assert np.shape(siegert_rate(20, 5, **CELL)) == np.shape(lif_rate(30, **CELL)) == np.shape(discrete_rate(20, 5, dt=1, **CELL)) == ()
    assert siegert_rate([], 5.0, **CELL).shape == discrete_rate([], 5.0, dt=1.0, **CELL).shape == (0,)


# Steps of time


def test_a_cell_of_independent_steps_is_a_coin() -> None:
    """Steps much longer than the membrane's memory: the chance of a spike is that of a Gaussian above the threshold."""
    mean, sigma, dt = np.array([10.0, 0.0, -80.0]), 5.0, 1000.0
    chance = special.ndtr((mean - 20) / (sigma / math.sqrt(2)))
    rates = discrete_rate(mean, sigma, dt=dt, **CELL)
    assert rates == pytest.approx(1000 / (2 + dt / chance), rel=1e-12)
    assert rates[-1] < 1e-170


def test_a_threshold_out_of_reach_is_never_crossed() -> None:
    assert discrete_rate([-200.0, -1e3], 5.0, dt=[1.0, 20.0], **CELL).tolist() == [0, 0]
    assert siegert_rate([-200.0, -1e4], 5.0, **CELL).tolist() == [0, 0]


def test_a_network_at_rest_of_220_000_cells() -> None:
    """Mean interval 1113.4 ms, rate 0.8982 Hz: v <- v exp(-1/20) + 0.1 xi, threshold 0.855, reset 0, one frozen step."""
    sigma = 0.1 * math.sqrt(-2 / math.expm1(-0.1))
    rate = float(discrete_rate(0.0, sigma, dt=1.0, tau=20.0, threshold=0.855, reset=0.0, refractory=1.0))
    assert rate == pytest.approx(0.8982, abs=5e-5)
    assert 1000 / rate == pytest.approx(1113.4, abs=0.05)


@pytest.mark.parametrize(("mean", "sigma"), REGIMES)
@pytest.mark.parametrize("dt", [0.3, 2.0])
def test_more_nodes_change_nothing(mean: float, sigma: float, dt: float) -> None:
    rate = discrete_rate(mean, sigma, dt=dt, **CELL)
    assert float(discrete_rate(mean, sigma, dt=dt, nodes=600, **CELL)) == pytest.approx(float(rate), rel=1e-12)


def test_escape_times_of_a_walk_on_a_line() -> None:
    """A symmetric walk on 0 ... n - 1, kept at 0, that escapes above n - 1: (n - k)(n + k + 1) steps from k."""
    n = 130
    jumps = np.diag(np.full(n - 1, 0.5), 1) + np.diag(np.full(n - 1, 0.5), -1)
    jumps[0, 0], escape = 0.5, np.zeros(n)
    escape[-1] = 0.5
    k = np.arange(n)
    assert absorption_times(jumps, escape) == pytest.approx((n - k) * (n + k + 1), rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 120), st.integers(0, 2**32 - 1))
def test_escape_times_of_a_random_chain(count: int, seed: int) -> None:
    chances = np.random.default_rng(seed).dirichlet(np.ones(count + 1), size=count)
    wanted = np.linalg.solve(np.eye(count) - chances[:, :count], np.ones(count))
    assert absorption_times(chances[:, :count].copy(), chances[:, count].copy()) == pytest.approx(wanted, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 30), st.floats(2, 10), st.floats(1, 10))
def test_a_coarser_step_misses_crossings(mean: float, sigma: float, dt: float) -> None:
    coarse, fine = discrete_rate(mean, sigma, dt=[2 * dt, dt], **CELL | {"refractory": 0.0})
    assert coarse < fine < siegert_rate(mean, sigma, **CELL | {"refractory": 0.0})


@pytest.mark.parametrize(("mean", "sigma", "seed"), [(15.0, 5.0, 1), (22.0, 10.0, 2), (25.0, 2.0, 3)])
def test_simulated_cells_fire_at_the_discrete_rate(mean: float, sigma: float, seed: int) -> None:
    rate, error = simulate(mean, sigma, 0.5, cells=2000, duration=1000.0, seed=seed, **CELL)
    exact = float(discrete_rate(mean, sigma, dt=0.5, **CELL))
    assert error < 0.01 * exact
    assert abs(rate - exact) < 3.5 * error
    assert abs(rate - float(siegert_rate(mean, sigma, **CELL))) > 6 * error


def test_simulated_cells_fire_at_siegerts_rate_with_shifted_threshold() -> None:
    rate, error = simulate(22.0, 10.0, 0.1, cells=2500, duration=500.0, seed=4, **CELL)
    shifted = CELL | {"threshold": 20.0 + discrete_threshold_shift(10.0, 0.1, 20.0)}
    assert 3 * error < 0.01 * rate
    assert rate == pytest.approx(float(siegert_rate(22.0, 10.0, **shifted)), rel=0.01)


@pytest.mark.parametrize(("mean", "sigma"), REGIMES)
def test_the_discrete_rate_tends_to_siegerts_with_the_root_of_the_step(mean: float, sigma: float) -> None:
    steps = np.array([0.8, 0.2, 0.05])
    errors = np.log(siegert_rate(mean, sigma, **CELL) / discrete_rate(mean, sigma, dt=steps, **CELL))
    orders = np.log(errors[:-1] / errors[1:]) / np.log(4)
    assert orders == pytest.approx(0.5, abs=0.1)
    assert abs(orders[1] - 0.5) < min(abs(orders[0] - 0.5), 0.05)


@pytest.mark.parametrize(("mean", "sigma"), REGIMES)
def test_the_shifted_threshold_leaves_an_error_of_first_order_below_one_percent(mean: float, sigma: float) -> None:
    steps = np.array([0.2, 0.05])
    shifted = CELL | {"threshold": 20.0 + discrete_threshold_shift(sigma, steps, 20.0)}
    errors = siegert_rate(mean, sigma, **shifted) / discrete_rate(mean, sigma, dt=steps, **CELL) - 1
    assert abs(errors).max() < 0.01
    assert math.log(errors[0] / errors[1], 4) > 0.9


def test_discrete_cells_without_noise_count_their_steps() -> None:
    v, steps = 10.0, 0
    while v <= 20.0:
        v, steps = 30 + (v - 30) * math.exp(-0.1 / 20), steps + 1
    assert float(discrete_rate(30.0, 0.0, dt=0.1, **CELL)) == pytest.approx(1000 / (2 + 0.1 * steps), rel=1e-14)
    assert float(discrete_rate(20.0, 0.0, dt=0.1, **CELL)) == 0
    between_steps = 30.373  # 13.5 ms to the threshold
    weak, none = discrete_rate(between_steps, [0.1, 0.0], dt=1.0, **CELL)
    assert weak == pytest.approx(none, rel=1e-3)


# Shifts


def test_constants_of_the_shifts() -> None:
    """|zeta(1/2)| from the alternating series; 0.5826 (Broadie, Glasserman & Kou), sqrt 2 |zeta(1/2)| = 2.0653 (Fourcaud & Brunel)."""
    signs = (-1.0) ** np.arange(40)
    eta = special.binom(np.arange(40)[:, None], np.arange(40)) @ (signs / np.sqrt(np.arange(1, 41))) / 2.0 ** np.arange(1, 41)
    assert eta.sum() / (1 - math.sqrt(2)) == pytest.approx(-ZETA_HALF, rel=1e-10)
    assert float(discrete_threshold_shift(1.0, 1.0, 1.0)) == pytest.approx(0.5826, abs=5e-5)
    assert 2 * float(theory.coloured_threshold_shift(1.0, 1.0, 1.0)) == pytest.approx(2.0653, abs=5e-5)


@pytest.mark.parametrize("refractory", [0.0, 0.2, 2.0])
def test_fast_synapses_shift_threshold_and_reset(refractory: float) -> None:
    """Simulated cells with filtered noise fire less, by what the shift says; the current fades while the neuron is held."""
    rate, error = filtered(22.0, 10.0, tau_synapse=0.2, refractory=refractory, dt=0.02, cells=2500, duration=100.0, seed=5)
    shift = float(theory.coloured_threshold_shift(10.0, 0.2, 20.0))
    cell = CELL | {"refractory": refractory}
    shifted = cell | {"threshold": 20 + shift, "reset": 10 + shift * math.exp(-refractory / 0.2)}
    assert abs(rate - float(siegert_rate(22.0, 10.0, **shifted))) < 3.5 * error
    assert abs(rate - float(siegert_rate(22.0, 10.0, **cell))) > 6 * error


def filtered(
    mean: float, sigma: float, *, tau_synapse: float, refractory: float, dt: float, cells: int, duration: float, seed: int
) -> tuple[float, float]:
    """Return rate and standard error of cells whose white noise passes a synapse, which goes on in the refractory time."""
    rng = np.random.default_rng(seed)
    slow, fast = math.exp(-dt / 20), math.exp(-dt / tau_synapse)
    kick = sigma * math.sqrt(20 / (2 * tau_synapse)) * math.sqrt(1 - fast**2)
    v, current, wait, spikes = rng.uniform(10, 20, cells), np.zeros(cells), np.zeros(cells, int), np.zeros(cells)
    settle = round(60 / dt)
    for step in range(settle + round(duration / dt)):
        ready = wait == 0
        v = np.where(ready, mean + slow * (v - mean) + (1 - slow) * current, v)
        current = fast * current + kick * rng.standard_normal(cells)
        fired = ready & (v > 20)
        v[fired], wait = 10.0, np.where(fired, round(refractory / dt), np.maximum(wait - 1, 0))
        if step >= settle:
            spikes += fired
    rates = 1000 * spikes / duration
    return float(rates.mean()), float(rates.std(ddof=1) / math.sqrt(cells))


# Brunel's network


@pytest.mark.parametrize(("g", "eta", "count"), [(5, 2, 1), (3, 2, 1), (6, 4, 1), (4.5, 0.9, 1), (3, 0.5, 3), (4, 1, 1)])
def test_a_network_gives_its_neurons_what_they_need(g: float, eta: float, count: int) -> None:
    rates = brunel_rates(g, eta)
    assert rates.shape == (count,)
    assert (np.diff(rates) > 0).all()
    mean, deviation = theory.brunel_input(rates, g, eta)
    assert siegert_rate(mean, deviation, **CELL) == pytest.approx(rates, rel=1e-9)


def test_the_asynchronous_irregular_state() -> None:
    """g = 5, twice the input to threshold: simulations of 12,500 neurons give 37.5 +- 1 Hz."""
    assert float(brunel_rates(5.0, 2.0)[0]) == pytest.approx(37.5, abs=1.0)
    (stepped,) = brunel_rates(5.0, 2.0, dt=0.1)
    assert stepped == pytest.approx(37.5, abs=1.0)
    mean, deviation = theory.brunel_input(stepped, 5.0, 2.0)
    assert float(discrete_rate(mean, deviation, dt=0.1, **CELL)) == pytest.approx(stepped, rel=0.002)


def test_strong_inhibition_makes_the_rate_linear_in_the_input() -> None:
    """Brunel (2000): the mean stays at the threshold, nu = nu_ext (1 - 1 / eta) / (gamma g - 1), as the synapses get many and weak."""
    many = brunel_rates(8.0, 4.0, weight=1e-4, excitatory=1e6)
    threshold_rate = 1000 * 20 / (1e-4 * 1e6 * 20)
    assert float(many[0]) == pytest.approx(threshold_rate * (4 - 1) / (0.25 * 8 - 1), rel=0.05)


def test_without_inhibition_the_network_saturates() -> None:
    assert brunel_rates(0.0, 50.0, weight=50.0) == pytest.approx([500.0], rel=1e-3)


def test_without_input_there_is_silence() -> None:
    assert brunel_rates(5.0, 0.0).tolist() == [0.0]


def test_input_of_a_network_is_a_sum_over_its_synapses() -> None:
    """1000 excitatory synapses inside, 1000 from outside at 20 Hz (eta = 2), 250 inhibitory ones of 5 times the strength."""
    sources = np.array([[1000, 37.5, 0.1], [1000, 20.0, 0.1], [250, 37.5, -0.5]])
    count, rate, weight = sources.T
    mean, deviation = theory.brunel_input(37.5, 5.0, 2.0)
    assert float(mean) == pytest.approx(20 * (count * rate / 1000 * weight).sum(), rel=1e-14)
    assert float(deviation) ** 2 == pytest.approx(20 * (count * rate / 1000 * weight**2).sum(), rel=1e-14)


# Bad input

BAD: list[tuple[dict[str, Any], str]] = [
    ({"tau": -20.0}, "tau must be above 0 and finite, got -20"),
    ({"tau": 0.0}, "tau must be above 0 and finite, got 0"),
    ({"threshold": 10.0}, "threshold must be above reset, got threshold 10.0 and reset 10.0"),
    ({"threshold": [20.0, 5.0]}, "threshold must be above reset, got threshold 5.0 and reset 10.0"),
    ({"refractory": -1.0}, "refractory must be at least 0 and finite, got -1"),
    ({"resting": math.inf}, "resting must be finite, got inf"),
    ({"reset": math.nan}, "reset must be finite, got nan"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_a_bad_cell_is_refused(change: dict[str, Any], message: str) -> None:
    for call in (lambda **cell: lif_rate(30.0, **cell), lambda **cell: siegert_rate(30.0, 5.0, **cell)):
        with pytest.raises(ValueError, match=message):
            call(**CELL | change)
    with pytest.raises(ValueError, match=message):
        discrete_rate(30.0, 5.0, dt=1.0, **CELL | change)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="drive must be finite, got nan"):
        lif_rate([1.0, math.nan], **CELL)
    with pytest.raises(ValueError, match="mean must be finite, got inf"):
        siegert_rate(math.inf, 1.0, **CELL)
    with pytest.raises(ValueError, match="deviation must be at least 0 and finite, got -1"):
        siegert_rate(1.0, -1.0, **CELL)
    with pytest.raises(ValueError, match="deviation must be at least 0"):
        discrete_rate(1.0, -1.0, dt=1.0, **CELL)
    for dt in (0.0, -0.1):
        with pytest.raises(ValueError, match="dt must be above 0 and finite"):
            discrete_rate(1.0, 1.0, dt=dt, **CELL)
        with pytest.raises(ValueError, match="dt must be above 0 and finite"):
            discrete_threshold_shift(1.0, dt, 20.0)
    with pytest.raises(ValueError, match="tau_synapse must be at least 0"):
        theory.coloured_threshold_shift(1.0, -1.0, 20.0)


def test_noise_too_small_to_be_resolved_is_refused() -> None:
    with pytest.raises(ValueError, match="deviation must be larger, or dt: .* more than 4000"):
        discrete_rate(30.0, 1e-4, dt=0.01, **CELL)
    with pytest.raises(ValueError, match="nodes must be at least [0-9]+ to resolve the noise of one step, got 10"):
        discrete_rate(15.0, 5.0, dt=0.1, nodes=10, **CELL)
    with pytest.raises(TypeError, match="nodes must be an integer, got 300.0"):
        discrete_rate(15.0, 5.0, dt=0.1, nodes=300.0, **CELL)  # pyright: ignore


def test_a_bad_network_is_refused() -> None:
    for change in ({"weight": 0.0}, {"excitatory": -1.0}, {"gamma": -1.0}, {"tau": 0.0}, {"threshold": 0.0}, {"refractory": 0.0}):
        with pytest.raises(ValueError, match=f"{next(iter(change))} must be (above|at least) 0 and finite"):
            brunel_rates(5.0, 2.0, **change)
    with pytest.raises(ValueError, match="dt must be above 0"):
        brunel_rates(5.0, 2.0, dt=0.0)
    with pytest.raises(ValueError, match="eta must be at least 0"):
        brunel_rates(5.0, -2.0)
    with pytest.raises(ValueError, match="threshold must be above reset"):
        brunel_rates(5.0, 2.0, reset=20.0)
