"""Case fatality from issues of a line list, against the share that made it and plain loops."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ingest.load import load
from ingest.source import source_named
from kms.compute.cases.inputs import CaseInputs, read_case_inputs
from kms.compute.health_care.severity import (
    SETTLED_DAYS,
    Severity,
    all_by_onset,
    known_by_age,
    severity,
)
from kms.config import MANILA, Settings
from kms.domain.areas import COUNTRY
from kms.domain.series import Series
from kms.reference import load_areas, load_diseases
from kms.store.engine import Store, open_store
from kms.store.migrate import migrate
from metrics.states import State
from tests.published import CASE_COLUMNS

SOURCE = "doh_case_information"
FIRST, LAST = date(2021, 1, 1), date(2021, 7, 4)
ISSUES = [LAST - timedelta(days=n) for n in (42, 35, 28, 0)]
FATAL, GROWTH_PER_DAY = 0.06, 0.012
NCR, CEBU_REGION, LEYTE_REGION = "1300000000", "0700000000", "0800000000"
PLACES = {"NCR": ("NCR", 14.0), "CEBU": ("Region VII: Central Visayas", 4.0)}
DISEASE = load_diseases()["covid19"]


def persons() -> pd.DataFrame:
    """Draw cases in growth, of whom every deadly outcome comes with its delay."""
    draw = np.random.default_rng(5)
    delay = DISEASE.onset_to_death
    assert delay is not None
    shape = (delay.mean_days / delay.sd_days) ** 2
    parts = []
    for province, (region, first) in PLACES.items():
        for n in range((LAST - FIRST).days + 1):
            cases = draw.poisson(first * np.exp(GROWTH_PER_DAY * n))
            died = draw.random(cases) < FATAL
            after = np.rint(draw.gamma(shape, delay.mean_days / shape, cases))
            parts.append(
                pd.DataFrame(
                    {
                        "region": region,
                        "province": province,
                        "onset": n,
                        "report": n + draw.integers(1, 9, cases),
                        "death": np.where(died, n + after, np.inf),
                        "told": n + after + draw.integers(1, 12, cases),
                        "blank": draw.random(cases) < 0.3,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


PERSONS = persons()


def write_issue(folder: Path, day: date) -> Path:
    """Write the line list as known on a day."""
    today = (day - FIRST).days
    path = folder / f"DOH COVID Data Drop_ {day:%Y%m%d} - 04 Case Information.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, CASE_COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        listed = PERSONS[PERSONS.report <= today].reset_index()
        known: list[Any] = list(listed.to_dict("records"))
        for one in known:
            dead = np.isfinite(one["death"]) and max(one["told"], one["report"]) <= today
            writer.writerow(
                {
                    "CaseCode": f"C{one['index']:07d}",
                    "Age": 20 + one["index"] % 50,
                    "Sex": "MALE",
                    "DateRepConf": FIRST + timedelta(days=one["report"]),
                    "DateOnset": "" if one["blank"] else FIRST + timedelta(days=one["onset"]),
                    "DateDied": FIRST + timedelta(days=one["death"]) if dead else "",
                    "RegionRes": one["region"],
                    "ProvRes": one["province"],
                }
            )
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    opened = open_store(settings)
    migrate(opened)
    folder = tmp_path_factory.mktemp("files")
    for day in ISSUES:
        path = write_issue(folder, day)
        load(opened, settings, source_named(SOURCE), [path], fetched_at=at(day))
    yield opened
    opened.close()


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 18, tzinfo=MANILA).astimezone(UTC)


def inputs_on(store: Store, day: date) -> CaseInputs:
    with store.read() as connection:
        found = read_case_inputs(
            connection, load_areas(), source_id=SOURCE, disease="covid19", as_of=at(day)
        )
    assert found is not None
    return found


def severity_on(store: Store, day: date, inputs: CaseInputs | None = None) -> Severity:
    inputs = inputs or inputs_on(store, day)
    with store.read() as connection:
        return severity(connection, load_areas(), DISEASE, inputs, source_id=SOURCE, as_of=at(day))


def series(found: Severity, indicator: str, area: str) -> Series:
    return next(e.series for e in found.entries if (e.indicator, e.area) == (indicator, area))


@pytest.mark.parametrize("area", [COUNTRY, NCR, CEBU_REGION])
def test_the_range_holds_the_true_share_and_deaths_over_cases_do_not(
    store: Store, area: str
) -> None:
    found = severity_on(store, LAST)
    share = series(found, "cfr", area)
    assert State(int(share.state[-1])) == State.FINAL
    assert share.low[-1] < FATAL < share.high[-1]
    assert share.value[-1] == pytest.approx(FATAL, rel=0.25)
    inside = PERSONS[PERSONS.region == "NCR"] if area == NCR else PERSONS
    if area != CEBU_REGION:
        today = (LAST - FIRST).days
        known = inside[inside.report <= today]
        naive = (known[["told", "report"]].max(axis=1)[np.isfinite(known.death)] <= today).sum()
        assert naive / len(known) < 0.85 * FATAL


def test_deaths_are_those_of_the_days_told(store: Store) -> None:
    found = severity_on(store, LAST)
    deaths = series(found, "cfr_deaths", NCR)
    assert found.to == deaths.end
    end, today = (deaths.end - FIRST).days, (LAST - FIRST).days
    mine = PERSONS[(PERSONS.region == "NCR") & (PERSONS.report <= today)]
    told = mine[(mine[["told", "report"]].max(axis=1) <= today) & np.isfinite(mine.death)]
    assert deaths.value[-1] == ((told.death <= end) & (told.death > end - 182)).sum()
    resolved = series(found, "cfr_resolved", NCR)
    assert series(found, "cfr", NCR).value[-1] == pytest.approx(
        deaths.value[-1] / resolved.value[-1]
    )
    assert resolved.low[-1] < resolved.value[-1] < resolved.high[-1]


def test_every_case_has_a_day_of_onset_and_blank_ones_a_likely_one(store: Store) -> None:
    inputs = inputs_on(store, LAST)
    cases = all_by_onset(inputs)
    assert cases is not None
    column = inputs.areas.index(NCR)
    mine = PERSONS[(PERSONS.region == "NCR") & (PERSONS.report <= (LAST - FIRST).days)]
    assert cases[:, column].sum() == pytest.approx(len(mine), rel=0.002)
    true = np.bincount(mine.onset.to_numpy(), minlength=200)
    start = (FIRST - inputs.start).days
    weeks = [
        (cases[start + n : start + n + 14, column].sum(), true[n : n + 14].sum())
        for n in range(14, 170, 14)
    ]
    assert all(found == pytest.approx(meant, rel=0.08) for found, meant in weeks)


def test_cases_without_onset_are_put_back_by_the_delays_of_the_others() -> None:
    triangle = np.zeros((84, 29))
    triangle[:, 3], triangle[:, 5] = 3.0, 1.0
    triangle[80:, 5] = triangle[81:, 3] = 0.0  # not reported yet
    onset, unknown = np.zeros((40, 1)), np.zeros((40, 1))
    onset[10], unknown[20] = 2.0, 8.0
    counts = {"onset": onset, "report_onset_unknown": unknown, "report": onset + unknown}
    inputs = CaseInputs(
        FIRST, FIRST + timedelta(days=39), (COUNTRY,), ("",), counts, {}, np.zeros(40),
        triangle[:, :, None],
    )  # fmt: skip
    found = all_by_onset(inputs)
    assert found is not None
    assert {n: v for n, v in enumerate(found[:, 0]) if v} == pytest.approx(
        {10: 2.0, 17: 6.0, 15: 2.0}
    )
    assert all_by_onset(replace(inputs, triangles=np.zeros((84, 29, 1)))) is None


def test_what_is_known_of_deaths_by_age_is_learned_from_past_issues(store: Store) -> None:
    today, counted = (LAST - FIRST).days, np.zeros((LAST - FIRST).days + 1)
    mine = PERSONS[(PERSONS.report <= today) & np.isfinite(PERSONS.death)]
    told = mine[["told", "report"]].max(axis=1)
    for day in mine.death[told <= today]:
        counted[int(day)] += 1
    instants = [at(day) for day in ISSUES]
    with store.read() as connection:
        share = known_by_age(connection, (SOURCE, "covid19"), instants, now=counted, start=FIRST)
        unlearned = known_by_age(
            connection, (SOURCE, "covid19"), instants[:1], now=counted, start=FIRST
        )
    assert unlearned is None
    assert share is not None
    # By loops: of the deaths of each age at three past issues, how many stood in them.
    then, now = np.zeros(SETTLED_DAYS + 1), np.zeros(SETTLED_DAYS + 1)
    for issue in ((day - FIRST).days for day in ISSUES[:-1]):
        for day, known_on in zip(mine.death, told, strict=True):
            if 0 <= issue - day <= SETTLED_DAYS and known_on <= today:
                now[int(issue - day)] += 1
                then[int(issue - day)] += known_on <= issue
    expected = np.maximum.accumulate(np.divide(then, now, out=np.zeros_like(now), where=now > 0))
    assert share == pytest.approx(expected)
    assert share[0] == 0
    assert share[-1] == 1


def test_without_past_issues_only_old_deaths_count_and_the_share_is_provisional(
    store: Store,
) -> None:
    found = severity_on(store, ISSUES[0])
    assert found.to == ISSUES[0] - timedelta(days=SETTLED_DAYS)
    share = series(found, "cfr", COUNTRY)
    assert State(int(share.state[-1])) == State.PROVISIONAL
    assert share.low[-1] < FATAL < share.high[-1]


def test_nothing_is_told_where_too_few_onsets_are_known(store: Store) -> None:
    inputs = inputs_on(store, LAST)
    report = inputs.counts["report"]
    unknown = {**inputs.counts, "report_onset_unknown": report * 0.61}
    assert severity_on(store, LAST, replace(inputs, counts=unknown)) == Severity()
    assert severity_on(store, LAST).entries
    no_delay = replace(DISEASE, onset_to_death=None)
    with store.read() as connection:
        found = severity(
            connection, load_areas(), no_delay, inputs, source_id=SOURCE, as_of=at(LAST)
        )
    assert found == Severity()


def test_areas_without_cases_have_no_figure_and_none_with_few_is_told(store: Store) -> None:
    found = severity_on(store, LAST)
    assert not any(e.area == LEYTE_REGION for e in found.entries)
    states = [e.series.state[-1] for e in found.entries if e.indicator == "cfr"]
    assert set(states) == {State.FINAL}
