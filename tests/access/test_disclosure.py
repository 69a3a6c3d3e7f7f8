"""Disclosure control: small counts hidden, the rest rounded, zero kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kms.access.disclosure import DisclosureRule

RULE = DisclosureRule()


def test_zero_stays_zero_and_missing_stays_missing() -> None:
    assert RULE.count(0) == 0
    assert RULE.count(None) is None


@given(st.integers(1, 7))
def test_one_to_seven_are_suppressed(exact: int) -> None:
    assert RULE.count(exact) is None


@given(st.integers(8, 10**7))
def test_larger_counts_are_rounded_to_five(exact: int) -> None:
    shown = RULE.count(exact)
    assert shown is not None
    assert shown % 5 == 0
    assert abs(shown - exact) <= 2


def test_the_limits_are_settings() -> None:
    exact = DisclosureRule(threshold=4, base=1)
    assert [exact.count(n) for n in (4, 5, 6)] == [None, 5, 6]
