"""Shares and their intervals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.proportions import cluster_design_effect, jeffreys, wilson


def test_intervals_agree_with_the_reference_tool(golden: Path) -> None:
    table = pd.read_csv(golden / "golden" / "proportion_ci.csv")
    for _, rows in table.groupby("conf"):
        level = float(rows["conf"].iloc[0])
        for name, method in (("wilson", wilson), ("jeffreys", jeffreys)):
            share = method(rows["x"], rows["n"], level=level)
            np.testing.assert_allclose(share.low, rows[f"{name}_lo"], rtol=0, atol=1e-10)
            np.testing.assert_allclose(share.high, rows[f"{name}_hi"], rtol=0, atol=1e-10)


def test_intervals_agree_on_the_wider_reference_table(reference_tools: Path) -> None:
    rows = pd.read_csv(reference_tools / "proportion_ci.csv")
    share, other = wilson(rows["x"], rows["n"]), jeffreys(rows["x"], rows["n"])
    np.testing.assert_allclose(share.low, rows["wilson_lo"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(other.high, rows["jeff_hi"], rtol=0, atol=1e-10)


def test_clusters_widen_the_interval_as_documented() -> None:
    plain, clustered = wilson(11, 18), wilson(11, 18, design_effect=2)
    assert [round(float(x), 2) for x in (plain.low, plain.high)] == [0.39, 0.80]
    assert [round(float(x), 2) for x in (clustered.low, clustered.high)] == [0.31, 0.85]
    assert cluster_design_effect([1, 1, 4]) == pytest.approx(3.0)
    assert cluster_design_effect([]) == 1.0


def test_nothing_counted_is_no_share_and_no_warning() -> None:
    for share in (wilson([0, 1], [0, 2]), jeffreys([0, 1], [0, 2])):
        assert np.isnan([share.value[0], share.low[0], share.high[0]]).all()
        assert share.value[1] == 0.5


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_share_lies_inside_its_interval(pair: tuple[int, int]) -> None:
    for share in (wilson(*pair), jeffreys(*pair)):
        assert 0 <= share.low <= share.value <= share.high <= 1


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((5, 4), {}),
        ((-1, 4), {}),
        ((np.nan, 4), {}),
        ((1, 4), {"design_effect": 0.5}),
        ((1, 4), {"level": 1.0}),
    ],
)
def test_impossible_counts_are_refused(
    arguments: tuple[float, float], options: dict[str, float]
) -> None:
    with pytest.raises(ValueError, match=r"share|level"):
        wilson(*arguments, **options)


def test_a_cluster_without_cases_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cluster of 0\.0 cases"):
        cluster_design_effect([1, 0])
