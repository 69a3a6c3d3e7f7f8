"""What was published at each cut of the demonstration, against what made it.

The whole way counts here: blank onsets, delays, the incomplete tail, dirty rows. Windows of R that
are shown are rated, final and provisional ones apart, up to two weeks before each publication's
last one; of shares the newest of each publication.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import Connection

from ingest.demo.cases.persons import FATALITY_MEAN
from ingest.demo.cases.transmission import simulate
from ingest.demo.generate import SEED
from ingest.demo.places import read_geography
from ingest.demonstration import fill
from kms.config import Settings
from kms.domain.indicators import FATALITY, TRACED, TRACED_FINAL
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from kms.store.publications import issues, read_many
from metrics.states import State
from tests.conftest import FULL
from tests.ingest.demo.test_recovered_truth import WINDOW, by_region

RATED_DAYS = 14
PROMISED = {State.FINAL: 0.90, State.PROVISIONAL: 0.85}
SHARES_PROMISED = 0.90
SETTLED_DAYS = 21  # after which nothing more is found
SLIP = 1e-9


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Settings]]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    store = open_store(settings)
    migrate(store)
    fill(store, settings, scale=1.0, say=lambda _text: None)
    yield store, settings
    store.close()


@pytest.mark.calibrate
@pytest.mark.skipif(not FULL, reason="takes minutes; `make calibrate` runs it")
def test_published_ranges_of_r_hold_the_truth_when_they_were_published(
    filled: tuple[Store, Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    store, _settings = filled
    geography = read_geography()
    stream = np.random.default_rng(np.random.SeedSequence(SEED).spawn(6)[0])
    epidemic = simulate(geography, stream, months=18, scale=1.0)
    infectiousness = by_region(geography, epidemic.infectiousness())
    expected = by_region(geography, epidemic.r_true * epidemic.infectiousness())
    inside: dict[State, list[bool]] = {State.FINAL: [], State.PROVISIONAL: []}
    half: dict[State, list[bool]] = {State.FINAL: [], State.PROVISIONAL: []}
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
                    half[state].append(bool(series.low50[place] <= truth <= series.high50[place]))
                    error[state].append(series.value[place] - truth)
    with capsys.disabled():
        for state, hits in inside.items():
            print(
                f"\n  R as published, {state.label}, {len(hits):,} region-days: range held "
                f"{np.mean(hits):.3f} (50 %: {np.mean(half[state]):.3f}), mean error "
                f"{np.mean(error[state]):+.3f}"
            )
    for state, least in PROMISED.items():
        assert len(inside[state]) > 1000
        assert np.mean(inside[state]) >= least


@pytest.mark.calibrate
@pytest.mark.skipif(not FULL, reason="takes minutes; `make calibrate` runs it")
def test_published_ranges_of_traced_shares_and_of_fatality_hold_the_truth(
    filled: tuple[Store, Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    store, settings = filled
    written = (settings.home / "demo" / "truth" / "tracing.json").read_text()
    traced = json.loads(written)["traced_share_of_units"]
    truths = {TRACED: traced, FATALITY: dict.fromkeys(traced, FATALITY_MEAN)}
    shares: dict[str, list[bool]] = {name: [] for name in truths}
    with store.read() as connection:
        for issue in issues(connection):
            for name, truth in truths.items():
                found = read_many(connection, issue.id, name, list(truth), disease=issue.disease)
                for code, series in found.items():
                    if series.state[-1] in (State.FINAL, State.PROVISIONAL):
                        shares[name].append(series.low[-1] <= truth[code] <= series.high[-1])
        shares[TRACED_FINAL] = _finals_held(connection, list(traced))
    with capsys.disabled():
        for name, inside in shares.items():
            print(f"\n  {name} as published, {len(inside)} regions and days: range held "
                  f"{np.mean(inside):.3f}")  # fmt: skip
    for inside in shares.values():
        assert len(inside) > 100
        assert np.mean(inside) >= SHARES_PROMISED


def _finals_held(connection: Connection, regions: list[str]) -> list[bool]:
    """Tell whether each final share held what stood there three weeks later and more."""
    newest, *earlier = issues(connection)
    later = read_many(connection, newest.id, TRACED, regions, disease=newest.disease)
    held = []
    for issue in earlier:
        finals = read_many(connection, issue.id, TRACED_FINAL, regions, disease=issue.disease)
        for code, final in finals.items():
            place = later[code].position(final.start) if code in later else None
            if place is None or (newest.as_of.date() - final.start).days < SETTLED_DAYS:
                continue
            if final.state[0] in (State.FINAL, State.PROVISIONAL):
                share = later[code].value[place]
                held.append(bool(final.low[0] - SLIP <= share <= final.high[0] + SLIP))
    return held
