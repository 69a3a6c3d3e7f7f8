"""Serial interval and offspring of linked pairs."""

import logging
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import gammaincc, gammainccinv
from scipy.stats import gamma, lognorm, norm

from metrics.contacts.intervals import Family, Spans, chances, integral_of_cdf, seen_by
from metrics.contacts.offspring import offspring, share_of_cases
from metrics.contacts.pairs import Pairs, best_serial_interval, serial_interval
from metrics.states import State

Floats = NDArray[np.float64]
LOG = logging.getLogger(__name__)
FAMILIES: tuple[Family, ...] = get_args(Family)
DAYS = 60


def distribution(family: Family, mean: float, sd: float) -> Any:
    if family == "normal":
        return norm(mean, sd)
    if family == "gamma":
        return gamma((mean / sd) ** 2, scale=sd**2 / mean)
    s2 = np.log1p((sd / mean) ** 2)
    return lognorm(np.sqrt(s2), scale=np.exp(np.log(mean) - s2 / 2))


def simulated(
    family: Family, seed: int, *, pairs: int = 150, growth: float = 0.0, mean: float = 5.0
) -> tuple[Pairs, float]:
    """Pairs with exact days of which, in growth, only those seen by day 60 are there."""
    rng = np.random.default_rng(seed)
    u = rng.random(pairs)
    source = u * DAYS if growth == 0 else np.log1p(u * np.expm1(growth * DAYS)) / growth
    infected = source + distribution(family, mean, 3.0).rvs(pairs, random_state=rng)
    seen = infected < (DAYS if growth else np.inf)
    a, b = np.floor(source[seen]), np.floor(infected[seen])
    return Pairs(a, a, b, b), float((b - a).mean())


@pytest.mark.parametrize("family", FAMILIES)
def test_chances_meet_numerical_integration(family: Family) -> None:
    law = distribution(family, 4.0, 2.5)
    spans = Spans(*(np.array(x, dtype=float) for x in ([0, 2], [1, 5], [3, 4], [4, 9], [1, 1])))
    got = chances(family, spans, 4.0, 2.5)
    seen = seen_by(family, spans, 10.0, (4.0, 2.5))
    for i in range(2):
        a, b = spans.source_from[i], spans.source_to[i]
        c, d = spans.infected_from[i], spans.infected_to[i]
        area = float(quad(lambda t, c=c, d=d: law.cdf(d - t) - law.cdf(c - t), a, b, points=[c])[0])
        assert got[i] == pytest.approx(area / (b - a), rel=1e-6)
        area = float(quad(lambda t: law.cdf(10.0 - t), a, b)[0])
        assert seen[i] == pytest.approx(area / (b - a), rel=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_integral_has_the_distribution_as_its_slope(family: Family) -> None:
    x = np.linspace(-3, 20, 24)
    slope = (
        integral_of_cdf(family, x + 1e-5, 4, 2.5) - integral_of_cdf(family, x - 1e-5, 4, 2.5)
    ) / 2e-5
    np.testing.assert_allclose(slope, distribution(family, 4, 2.5).cdf(x), atol=1e-5)


def coverage(family: Family, growth: float, runs: int) -> dict[str, float]:
    means, inside, sd_inside, raw = [], [], [], []
    for seed in range(runs):
        pairs, plain = simulated(family, seed, growth=growth)
        fit = serial_interval(pairs, family, last_day=DAYS - 1 if growth else None)
        means.append(fit.mean)
        raw.append(plain)
        inside.append(fit.mean_low <= 5 <= fit.mean_high)
        sd_inside.append(fit.sd_low <= 3 <= fit.sd_high)
    return {
        "mean": float(np.mean(means)),
        "raw": float(np.mean(raw)),
        "coverage": float(np.mean(inside)),
        "sd coverage": float(np.mean(sd_inside)),
    }


def test_growth_shortens_the_plain_mean_and_not_the_fitted_one() -> None:
    got = coverage("lognormal", 0.1, 20)
    assert got["raw"] < 4.5
    assert got["mean"] == pytest.approx(5.0, abs=0.3)
    assert got["coverage"] >= 0.8


@pytest.mark.calibrate
@pytest.mark.parametrize("growth", [0.0, 0.1])
@pytest.mark.parametrize("family", FAMILIES)
def test_intervals_of_the_serial_interval_are_honest(family: Family, growth: float) -> None:
    got = coverage(family, growth, 300)
    LOG.info("%s, growth %s: %s", family, growth, got)
    assert 0.91 <= got["coverage"] <= 0.99
    assert 0.91 <= got["sd coverage"] <= 0.99
    assert got["mean"] == pytest.approx(5.0, abs=0.12)


def test_negative_intervals_choose_the_normal_distribution_or_a_shift() -> None:
    pairs, _ = simulated("normal", 1, mean=3.0)
    assert best_serial_interval(pairs).family == "normal"
    with pytest.raises(ValueError, match=r"pair \d+: infected on .*cannot be that negative"):
        serial_interval(pairs, "gamma")
    shifted = serial_interval(pairs, "gamma", shift_days=12)
    plain = serial_interval(pairs, "normal")
    assert shifted.mean == pytest.approx(plain.mean, abs=0.1)
    assert plain.negative_share == pytest.approx(shifted.negative_share)
    assert 0.05 < plain.negative_share < 0.3


def test_the_family_that_made_the_pairs_is_found() -> None:
    pairs, _ = simulated("lognormal", 5, pairs=1_500)
    assert best_serial_interval(pairs).family == "lognormal"


def test_a_shift_of_the_calendar_and_counted_pairs_change_nothing() -> None:
    pairs, _ = simulated("gamma", 2)
    days = [np.asarray(x) for x in (pairs.source_first, pairs.infected_first)]
    kinds, count = np.unique(np.column_stack(days), axis=0, return_counts=True)
    a, b = kinds.T + 700
    got = serial_interval(Pairs(a, a, b, b, count), "gamma")
    want = serial_interval(pairs, "gamma")
    assert got.mean == pytest.approx(want.mean, abs=1e-5)
    assert got.mean_high == pytest.approx(want.mean_high, abs=1e-4)
    assert got.log_likelihood == pytest.approx(want.log_likelihood, abs=1e-6)
    assert (got.pairs, got.state) == (150, State.FINAL)


def test_wider_spans_know_less() -> None:
    pairs, _ = simulated("gamma", 3)
    first, last = np.asarray(pairs.source_first), np.asarray(pairs.infected_last)
    wide = Pairs(first - 2, first, last, last + 2)
    exact, loose = serial_interval(pairs), serial_interval(wide)
    widths = [(fit.mean_high - fit.mean_low) / fit.sd for fit in (exact, loose)]
    assert widths[1] > 1.05 * widths[0]
    # Spans that reach out both ways by the same amount lengthen the middle interval by it.
    assert loose.mean == pytest.approx(exact.mean + 2, abs=0.3)


def test_few_pairs_say_so() -> None:
    pairs, _ = simulated("gamma", 4, pairs=15)
    assert serial_interval(pairs).state == State.TOO_FEW


def test_a_likelihood_without_a_peak_is_withheld() -> None:
    same = np.arange(30.0)
    fit = serial_interval(Pairs(same, same, same + 3, same + 3), "normal")
    assert fit.state == State.WITHHELD
    assert np.isnan([fit.mean_low, fit.sd_high]).all()


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"source_last": [0, 4]}, {}, "pair 0: source_first 1.0 lies after source_last 0.0"),
        ({"infected_last": [9, np.nan]}, {}, r"infected_last\[1\]: nan"),
        ({"infected_first": [7.5, 8]}, {}, r"infected_first\[0\]: 7.5"),
        ({"pairs": [1, -1]}, {}, r"pairs\[1\]: -1"),
        ({"pairs": [0, 0]}, {}, "all counts are 0"),
        ({"source_first": [1, 2, 3]}, {}, "shape"),
        ({}, {"last_day": 8}, "pair 0: infected_last 9.0 lies after last_day 8"),
        ({}, {"family": "weibull"}, "family 'weibull'"),
        ({}, {"shift_days": -1}, "shift of -1 days"),
    ],
)
def test_unusable_pairs_are_refused(
    change: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    good: dict[str, Any] = {"source_first": [1, 2], "source_last": [3, 4]}
    good |= {"infected_first": [7, 8], "infected_last": [9, 9]}
    with pytest.raises(ValueError, match=message):
        serial_interval(Pairs(**(good | change)), **options)


def drawn(r: float, k: float, sources: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).negative_binomial(k, k / (k + r), sources)


def test_offspring_meet_a_search_by_hand() -> None:
    counts = drawn(1.2, 0.3, 150, 1)
    got = offspring(counts)
    assert got.r == pytest.approx(counts.mean())
    from scipy.stats import nbinom

    def height(r: float, k: float) -> float:
        return float(nbinom.logpmf(counts, k, k / (k + r)).sum())

    assert got.log_likelihood == pytest.approx(height(got.r, got.k))
    for r, k in ((1.01, 1), (0.99, 1), (1, 1.02), (1, 0.98)):
        assert height(got.r * r, got.k * k) < got.log_likelihood
    # At the bounds of k the likelihood has fallen by half the 95 % point of chi-square.
    for k in (got.k_low, got.k_high):
        assert got.log_likelihood - height(got.r, k) == pytest.approx(3.841459 / 2, abs=1e-4)
    best = max(height(got.r_high, k) for k in np.geomspace(0.05, 2, 800))
    assert got.log_likelihood - best == pytest.approx(3.841459 / 2, abs=1e-3)


def offspring_coverage(r: float, k: float, sources: int, runs: int) -> tuple[float, float]:
    fits = [offspring(drawn(r, k, sources, seed)) for seed in range(runs)]
    inside_r = [fit.r_low <= r <= fit.r_high for fit in fits]
    inside_k = [fit.k_low <= k and not fit.k_high < k for fit in fits]
    return float(np.mean(inside_r)), float(np.mean(inside_k))


def test_offspring_intervals_are_roughly_honest() -> None:
    assert min(offspring_coverage(1.6, 0.3, 120, 40)) >= 0.85


@pytest.mark.calibrate
@pytest.mark.parametrize(
    ("r", "k", "sources"), [(1.6, 0.16, 100), (0.8, 0.4, 200), (2.5, 0.1, 500), (1.0, 2.0, 60)]
)
def test_offspring_intervals_pass(r: float, k: float, sources: int) -> None:
    inside = offspring_coverage(r, k, sources, 1_000)
    LOG.info("R %s, k %s, %s sources: %.3f, %.3f", r, k, sources, *inside)
    assert min(inside) >= 0.92
    assert max(inside) <= 0.98


def test_counts_like_poisson_have_no_upper_k() -> None:
    got = offspring(np.random.default_rng(2).poisson(1.0, 80))
    assert np.isnan(got.k_high)
    assert got.k_low > 0.5
    assert got.top_share_high == 0.8
    even = offspring([1] * 40)
    assert np.isnan(even.k)
    assert even.top_share == 0.8


def test_a_fifth_of_sars_cases_caused_the_published_share() -> None:
    """Lloyd-Smith et al. 2005: with k = 0.16, 88 % of transmission by the top 20 %."""
    threshold = float(gammainccinv(0.16, 0.2))
    assert gammaincc(1.16, threshold) == pytest.approx(0.88, abs=0.005)
    assert share_of_cases(0.16, gammaincc(1.16, threshold)) == pytest.approx(0.2)
    assert share_of_cases(1e6) == pytest.approx(0.8, abs=0.002)


def test_the_share_of_cases_meets_drawn_infectiousness() -> None:
    drawn_r = np.sort(np.random.default_rng(3).gamma(0.4, 1, 400_000))[::-1]
    reached = np.searchsorted(np.cumsum(drawn_r) / drawn_r.sum(), 0.8) / drawn_r.size
    assert share_of_cases(0.4) == pytest.approx(reached, abs=0.003)


@pytest.mark.parametrize("counts", [[0] * 30, [1] * 5, [0] * 19 + [12]])
def test_few_sources_or_offspring_say_so(counts: list[int]) -> None:
    got = offspring(counts)
    assert got.state == (State.TOO_FEW if sum(counts) < 10 or len(counts) < 20 else State.FINAL)
    assert np.isfinite(got.r)
    assert np.isnan(got.r_high) == (max(counts) != 1)


@pytest.mark.parametrize(
    ("counts", "message"),
    [([1, -1], r"infected\[1\]"), ([0.5], r"infected\[0\]: 0.5"), ([[1]], "shape"), ([], "shape")],
)
def test_unusable_offspring_are_refused(counts: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        offspring(counts)


@pytest.mark.parametrize(("k", "share"), [(0, 0.8), (np.nan, 0.8), (1, 0), (1, 1)])
def test_impossible_dispersion_is_refused(k: float, share: float) -> None:
    with pytest.raises(ValueError, match=r"dispersion|share"):
        share_of_cases(k, share)
    with pytest.raises(ValueError, match="top"):
        offspring([1, 2], top=1.5)
