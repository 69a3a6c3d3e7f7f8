"""The serial interval by the day."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import gamma

from metrics.transmission.serial_interval import checked_pmf, discretise_gamma, mean_interval


def test_discretised_gamma_agrees_with_the_reference_tool(golden: Path) -> None:
    table = pd.read_csv(golden / "golden" / "discr_si.csv")
    for _, rows in table.groupby(["mean_si", "std_si"]):
        mean, sd = rows.iloc[0][["mean_si", "std_si"]]
        pmf = discretise_gamma(mean, sd, int(rows["k"].max()))
        np.testing.assert_allclose(pmf[rows["k"]], rows["w"], rtol=0, atol=1e-11)


def test_discretised_gamma_agrees_on_the_published_data_sets(reference_tools: Path) -> None:
    table = pd.read_csv(reference_tools / "epiestim_discr_si.csv")
    for _, rows in table.groupby(["mean_si", "std_si"]):
        mean, sd = rows.iloc[0][["mean_si", "std_si"]]
        pmf = discretise_gamma(mean, sd, int(rows["k"].max()))
        np.testing.assert_allclose(pmf[rows["k"]], rows["w"], rtol=0, atol=1e-11)


def test_the_discretised_probability_is_the_density_under_a_triangle() -> None:
    shape, scale = (3.7 / 2.9) ** 2, 2.9**2 / 3.7
    pmf = discretise_gamma(4.7, 2.9, 12)
    for k in (1, 2, 5, 12):
        halves = {max(k - 1, 1), k}
        area = sum(quad(_under_triangle, a, a + 1, (k, shape, scale))[0] for a in halves)
        assert pmf[k] == pytest.approx(area, abs=1e-7)


def _under_triangle(x: float, k: int, shape: float, scale: float) -> float:
    return float((1 - abs(x - k)) * gamma.pdf(x - 1, shape, scale=scale))


def test_a_long_discretised_interval_sums_to_one_and_keeps_its_mean() -> None:
    pmf = discretise_gamma(4.7, 2.9, 200)
    assert pmf.sum() == pytest.approx(1, abs=1e-12)
    assert mean_interval(pmf) == pytest.approx(4.7, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.0, 2.0, 9), "mean 1.0 days"),
        ((float("nan"), 2.0, 9), "mean nan days"),
        ((4.0, 0.0, 9), "sd 0.0 days"),
        ((4.0, 2.0, -1), "last lag -1"),
    ],
)
def test_an_impossible_interval_is_refused_with_its_value(
    arguments: tuple[float, float, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        discretise_gamma(*arguments)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.1, 0.9], "w_0 = 0.1"),
        ([0.0, 0.5, 0.4], "add up to 0.9,"),
        ([0.0, 1.5, -0.5], "w_2 = -0.5"),
        ([0.0, np.nan, 1.0], "w_1 = nan"),
        ([1.0], "shape"),
    ],
)
def test_an_unusable_pmf_is_refused_with_its_value(values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_pmf(values)
