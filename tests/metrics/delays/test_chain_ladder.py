"""The textbook nowcasts against the reference tools."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metrics.delays.chain_ladder import chain_ladder, flat_prior_nowcast


def _observed(golden: Path) -> np.ndarray:
    table = pd.read_csv(golden / "inputs" / "triangle_observed.csv").drop(columns="onset_t")
    return table.to_numpy(np.float64)


def _expected(golden: Path, method: str) -> pd.DataFrame:
    table = pd.read_csv(golden / "golden" / "nowcast.csv")
    return table[table["method"] == method].sort_values("onset_t")


@pytest.mark.parametrize(
    ("method", "estimator"),
    [
        ("odp_chain_ladder", chain_ladder),
        ("chainladder_fill", chain_ladder),
        ("point_nowcast", flat_prior_nowcast),
    ],
)
def test_nowcasts_meet_the_reference_tools(golden: Path, method: str, estimator) -> None:  # type: ignore[no-untyped-def]  # parametrised
    expected = _expected(golden, method)
    result = estimator(_observed(golden))
    rows = expected["onset_t"].to_numpy() - 1
    assert len(rows) == 25
    np.testing.assert_allclose(result.observed[rows], expected["observed"])
    np.testing.assert_allclose(result.expected[rows], expected["nowcast"], rtol=1e-8)


def test_the_delay_meets_the_reference_tool(golden: Path) -> None:
    table = pd.read_csv(golden / "golden" / "nowcast_delay.csv")
    expected = table[table["quantity"] == "delay_pmf"].sort_values("d")["value"]
    pmf = flat_prior_nowcast(_observed(golden)).delay_pmf
    np.testing.assert_allclose(pmf, expected, rtol=0, atol=1e-10)


def test_the_reserve_of_taylor_and_ashe_is_the_textbook_total(reference_tools: Path) -> None:
    triangle = pd.read_csv(reference_tools / "nowcast_taylor_ashe_incremental.csv").to_numpy(float)
    result = chain_ladder(triangle)
    reserve = result.expected - result.observed
    assert round(reserve.sum()) == 18_680_856
    table = pd.read_csv(reference_tools / "nowcast_taylor_ashe_reserves_odp.csv").set_index("i")
    np.testing.assert_allclose(reserve[table.index - 1], table["reserve"], rtol=1e-8)


def test_the_worked_example_of_the_reference_tool_is_met(reference_tools: Path) -> None:
    triangle = pd.read_csv(reference_tools / "nowcast_bn_example_triangle.csv").to_numpy(float)
    result = flat_prior_nowcast(triangle)
    pmf = pd.read_csv(reference_tools / "nowcast_bn_example_pmf.csv")["pmf"]
    point = pd.read_csv(reference_tools / "nowcast_bn_example_point.csv")["nowcast"]
    np.testing.assert_allclose(result.delay_pmf, pmf, rtol=1e-10)
    np.testing.assert_allclose(result.expected, point, rtol=1e-10)


def test_a_full_triangle_is_its_own_nowcast() -> None:
    full = np.arange(12.0).reshape(4, 3)
    np.testing.assert_allclose(chain_ladder(full).expected, full.sum(axis=1))


@pytest.mark.parametrize(
    ("triangle", "message"),
    [
        (np.ones(3), r"shape \(3,\)"),
        ([[1, 2], [-1, 0]], r"reporting triangle\[1, 0\]: -1.0 is no count"),
        ([[1, 2], [np.nan, 0]], r"reporting triangle\[1\]: known after unknown"),
        ([[1, 2], [np.inf, 0]], "inf is no count"),
        ([[1, np.nan], [1, np.nan]], "first onset day must be complete"),
    ],
)
def test_what_is_no_triangle_is_refused(triangle: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chain_ladder(triangle)  # type: ignore[arg-type]  # what users may pass
