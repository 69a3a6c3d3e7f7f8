"""R as it was published at each cut of the demonstration, against the R that made it.

The whole way counts here: blank onsets, delays, the incomplete tail, dirty rows. Windows shown
are rated, final and provisional ones apart, up to two weeks before each publication's last one.
"""

from __future__ import annotations

import numpy as np
import pytest

from ingest.demo.cases.transmission import simulate
from ingest.demo.generate import SEED
from ingest.demo.places import read_geography
from ingest.demonstration import fill
from kms.config import Settings
from kms.store.engine import Store
from kms.store.publications import issues, read_many
from metrics.states import State
from tests.conftest import FULL
from tests.ingest.demo.test_recovered_truth import WINDOW, by_region

RATED_DAYS = 14
PROMISED = {State.FINAL: 0.90, State.PROVISIONAL: 0.85}


@pytest.mark.calibrate
@pytest.mark.skipif(not FULL, reason="takes minutes; `make calibrate` runs it")
def test_published_ranges_of_r_hold_the_truth_when_they_were_published(
    store: Store, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(store, settings, scale=1.0, say=lambda _text: None)
    geography = read_geography()
    stream = np.random.default_rng(np.random.SeedSequence(SEED).spawn(6)[0])
    epidemic = simulate(geography, stream, months=18, scale=1.0)
    infectiousness = by_region(geography, epidemic.infectiousness())
    expected = by_region(geography, epidemic.r_true * epidemic.infectiousness())
    inside: dict[State, list[bool]] = {State.FINAL: [], State.PROVISIONAL: []}
    error: dict[State, list[float]] = {State.FINAL: [], State.PROVISIONAL: []}
    with store.read() as connection:
        for issue in issues(connection):
            for code, series in read_many(
                connection, issue.id, "r_t", geography.regions, disease=issue.disease
            ).items():
                region, last = geography.regions.index(code), series.last_told()
                for place in range((last or 0) - RATED_DAYS, (last or 0) + 1):
                    state = State(int(series.state[place]))
                    if state not in PROMISED:
                        continue
                    end = (series.start - epidemic.first_day).days + place + 1
                    window = slice(end - WINDOW, end)
                    truth = expected[window, region].sum() / infectiousness[window, region].sum()
                    inside[state].append(bool(series.low[place] <= truth <= series.high[place]))
                    error[state].append(series.value[place] - truth)
    with capsys.disabled():
        for state, hits in inside.items():
            print(
                f"\n  R as published, {state.label}, {len(hits):,} region-days: range held "
                f"{np.mean(hits):.3f}, mean error {np.mean(error[state]):+.3f}"
            )
    for state, least in PROMISED.items():
        assert len(inside[state]) > 1000
        assert np.mean(inside[state]) >= least
