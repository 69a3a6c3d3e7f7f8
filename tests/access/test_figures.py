"""Figures made from counts: none gives a small count back."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms.access.disclosure import DisclosureRule
from kms.access.figures import MADE_FROM, growth_of_rounded, printed, rate_of_rounded
from kms.access.shown import _few
from kms.domain.series import make_series

RULE = DisclosureRule()
START = date(2026, 1, 1)


@given(st.integers(10, 3000), st.integers(10, 3000))
def test_growth_is_that_of_the_rounded_counts(later: int, earlier: int) -> None:
    exact = np.array(later / earlier - 1)
    columns = exact, exact - 0.1, exact + 0.1
    counts = np.array(float(later)), np.array(float(earlier))
    value, low, high = growth_of_rounded(columns, *counts, RULE)
    shown = (RULE.count(later) or 0) / (RULE.count(earlier) or 1) - 1
    assert float(value) == pytest.approx(shown)
    assert low < value < high


@given(st.integers(8, 5000))
def test_a_rate_is_that_of_the_rounded_count(cases: int) -> None:
    rate = np.array(cases * 0.01)
    value, low, high = rate_of_rounded((rate, rate * 0.8, rate * 1.3), np.array(float(cases)), RULE)
    assert float(value) == pytest.approx((RULE.count(cases) or 0) * 0.01)
    assert low < value < high


def test_rates_are_printed_with_two_digits_and_the_rest_with_few_decimals() -> None:
    figures = np.array([0.0, 0.012345, 1.2345, 123.45, np.nan])
    assert printed("adar_per_100k", figures).tolist()[:4] == [0.0, 0.012, 1.2, 120.0]
    assert np.isnan(printed("adar_per_100k", figures)[4])
    assert printed("r_t", np.array([1.23456])).tolist() == [1.23]
    assert printed("two_week_growth_rate", np.array([0.4567])).tolist() == [0.46]


def test_a_figure_of_seven_or_fourteen_days_is_coarse_where_either_holds_few() -> None:
    behind = MADE_FROM["r_t"]
    assert behind.lengths == (7, 14)
    falling = make_series(START, np.array([18.0] * 7 + [24 / 7] * 7))  # 126 cases, then 24
    few = _few(falling, SimpleNamespace(exact=falling), behind, RULE)  # type: ignore[arg-type]  # all it reads
    assert few[-1]
    many = make_series(START, np.full(14, 18.0))
    assert not _few(many, SimpleNamespace(exact=many), behind, RULE)[-1]  # type: ignore[arg-type]
