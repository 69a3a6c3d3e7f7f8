"""Endemic channel against NumPy's quantiles week by week, and what its zones mean."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from metrics.signals.channel import Form, Zone, endemic_channel
from metrics.states import State

Floats = NDArray[np.float64]


def seasonal(weeks: int, areas: int, seed: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    mean = 20 * np.exp(0.5 * np.cos(2 * np.pi * np.arange(weeks) / 52))[:, None]
    return rng.poisson(mean * rng.gamma(10, 0.1, (weeks, areas))).astype(float)


@pytest.mark.parametrize("form", ["quartile", "mean_2sd", "geometric"])
def test_bounds_are_those_of_the_same_weeks_written_out(form: Form) -> None:
    cases = seasonal(300, 2)
    left_out = np.zeros(300, dtype=bool)
    left_out[52:104] = True
    found = endemic_channel(cases, form=form, epidemic_weeks=left_out, last=30)
    for i, week in enumerate(found.t - 1):
        at = [week - 52 * y + d for y in range(1, 6) for d in (-1, 0, 1)]
        past = np.array([cases[w, 1] for w in at if w >= 0 and not left_out[w]])
        if form == "quartile":
            bounds = np.quantile(past, [0.25, 0.5, 0.75])
        elif form == "mean_2sd":
            bounds = past.mean() + np.array([-2, 0, 2]) * past.std(ddof=1)
        else:
            logs = np.log(past + 1)
            low, high = stats.t.interval(0.95, past.size - 1, logs.mean(), stats.sem(logs))
            bounds = np.exp([low, logs.mean(), high]) - 1
        got = found.lower[i, 1], found.alert[i, 1], found.epidemic[i, 1]
        np.testing.assert_allclose(got, np.maximum(bounds, 0), rtol=1e-9)
        zone = np.searchsorted(bounds, cases[week, 1], side="left")
        assert found.zone[i, 1] == zone


def test_few_years_say_so() -> None:
    cases = seasonal(3 * 52 + 10, 2)
    found = endemic_channel(cases)
    early = found.t <= 3 * 52 - 1
    assert (found.state[early] == State.TOO_FEW).all()
    assert (found.zone[early] == Zone.NONE).all()
    assert np.isnan(found.epidemic[early]).all()
    assert (found.state[-9:] == State.FINAL).all()
    assert (found.years[-1] == 3).all()
    marks = np.zeros(cases.shape, dtype=bool)
    marks[:60, 0] = True
    partly = endemic_channel(cases, epidemic_weeks=marks, last=1)
    assert list(partly.state[0]) == [State.TOO_FEW, State.FINAL]


def test_an_epidemic_year_left_out_lowers_the_bar() -> None:
    cases = seasonal(280, 1)[:, 0]
    epidemic = np.zeros(280, dtype=bool)
    epidemic[104:156] = True
    cases[epidemic] *= 5
    with_it = endemic_channel(cases, form="mean_2sd", last=1)
    without = endemic_channel(cases, form="mean_2sd", epidemic_weeks=epidemic, last=1)
    assert without.epidemic[0] < 0.6 * with_it.epidemic[0]
    assert with_it.years[0] == 5
    assert without.years[0] == 4


def test_zones_of_ordinary_weeks_are_what_the_page_says() -> None:
    """The channel is a convention: these are its false alarms when nothing happens."""
    cases = np.random.default_rng(3).negative_binomial(10, 0.5, (312, 400)).astype(float)
    share = {}
    for form in ("quartile", "mean_2sd", "geometric"):
        zone = endemic_channel(cases, form=form, last=40).zone
        share[form] = float((zone == Zone.EPIDEMIC).mean())
    assert share["quartile"] == pytest.approx(0.25, abs=0.03)
    assert share["mean_2sd"] == pytest.approx(0.045, abs=0.015)
    assert share["geometric"] == pytest.approx(0.30, abs=0.06)


def test_an_outbreak_enters_the_epidemic_zone() -> None:
    cases = seasonal(290, 50)
    before = endemic_channel(cases, form="mean_2sd", last=4)
    cases[286:] *= 5
    during = endemic_channel(cases, form="mean_2sd", last=4)
    assert (during.zone == Zone.EPIDEMIC).mean() > 0.95
    np.testing.assert_array_equal(before.epidemic, during.epidemic)


def test_a_batch_equals_a_loop_and_a_new_week_changes_nothing() -> None:
    cases = seasonal(230, 3)
    found, before = endemic_channel(cases), endemic_channel(cases[:-1])
    np.testing.assert_array_equal(found.epidemic[:-1], before.epidemic)
    for a in range(3):
        np.testing.assert_array_equal(endemic_channel(cases[:, a]).zone, found.zone[:, a])
    silent = endemic_channel(np.zeros(230), form="geometric")
    assert set(silent.zone.tolist()) == {Zone.NONE, Zone.SUCCESS}
    assert Zone(3).label == "epidemic"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"years": 2}, "years 2, least_years 3"),
        ({"least_years": 2}, "least_years 2"),
        ({"neighbours": 5}, "neighbours 5"),
        ({"epidemic_weeks": np.zeros(3, dtype=bool)}, r"epidemic_weeks: bool of shape \(3,\)"),
        ({"epidemic_weeks": np.zeros(200)}, "epidemic_weeks: float64"),
    ],
)
def test_wrong_settings_are_named(setting: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        endemic_channel(np.ones(200), **setting)  # type: ignore[arg-type]
