"""A week hidden in an area is hidden in everything inside it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from unittest.mock import sentinel

import numpy as np
import pytest

from kms.access.disclosure import Disclosure, DisclosureRule
from kms.domain.areas import COUNTRY
from kms.domain.series import make_series
from kms.reads.shown import PLACELESS, ShownFigures, areas_inside
from kms.store.publications import Issue

SUNDAY = date(2026, 11, 1)
AS_OF = datetime(2026, 11, 16, tzinfo=UTC)
SMALL, LARGE, INSIDE = "0700000000", "0800000000", "0803700000"


def test_nothing_is_shown_inside_a_region_hidden_for_its_neighbour() -> None:
    # Two cases of one region are what the country has beyond the other: both are hidden, and
    # the provinces of the other would give it back.
    counts = {COUNTRY: 20 * 7 + 2, SMALL: 2, LARGE: 20 * 7, INSIDE: 20 * 7}
    shown = ShownFigures(
        sentinel.nothing_is_read, Issue("p", AS_OF, AS_OF, "", "", {"disease": ""}),
        Disclosure(DisclosureRule()),
    )  # fmt: skip
    areas = {COUNTRY, *areas_inside(COUNTRY, AS_OF.date())}
    areas |= {code for region in (SMALL, LARGE) for code in areas_inside(region, AS_OF.date())}
    shown._read |= {("cases_report", code) for code in areas} | {(f"cases_{PLACELESS}", COUNTRY)}
    for code in areas:
        days = np.full(14, counts.get(code, 0) / 7)
        if code in (SMALL, COUNTRY):
            days[:] = (counts[code] - 2) / 7
            days[[3, 10]] += 2
        shown._series["cases_report", code] = make_series(SUNDAY, days)
    found = shown.counts("report", [LARGE, INSIDE, COUNTRY])
    assert found[COUNTRY].weeks[0] == pytest.approx(140)
    assert found[LARGE].hidden.all(), "for its neighbour's sake"
    assert found[INSIDE].hidden.all()
    assert np.isnan(found[INSIDE].weeks).all()
