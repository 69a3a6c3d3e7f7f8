"""Case fatality by area: deaths over the cases whose death, were it to come, would be known.

Deaths of half a year by their day, against all reported cases by onset, moved on by the days from
onset to death. A case whose onset is not told gets the days that cases of its report date had
waited; else deaths of all would stand over cases of some.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from kms.compute.cases.inputs import LONGEST_DELAY_DAYS, ONSET_UNKNOWN, CaseInputs
from kms.compute.cases.transmission import LEAST_ONSET_SHARE, onset_known_share
from kms.compute.units import Floats, ways_up
from kms.config import MANILA
from kms.domain.areas import COUNTRY, Areas
from kms.domain.diseases import Delay, Disease
from kms.domain.indicators import FATALITY, FATALITY_DEATHS, FATALITY_RESOLVED
from kms.domain.series import make_series
from kms.store.facts import arrow_schema, fact_table, known_at, read_columns
from kms.store.publications import Entry
from kms.store.states import history
from metrics.health_care.severity import CaseFatality, case_fatality, gamma_delay
from metrics.states import State

WINDOW_DAYS = 182  # of death
SHOWN_DAYS = 14  # so that a Saturday is among them
SETTLED_DAYS = 28  # after which the deaths of a day count as known
LEAST_KNOWN = 0.5  # of a day's deaths, by their age; younger days are left out
LEAST_DEATHS = 50  # past ones of an age, to learn from
MOST_ISSUES = 6
DELAY_ERROR = 0.2  # of the mean delay, which no local count confirms: the range holds both ends
COLUMNS = ("area", "ref_date", "cases")


@dataclass(frozen=True)
class Severity:
    """The entries of a publication, and the last day of death told."""

    entries: tuple[Entry, ...] = ()
    to: date | None = None


def severity(
    connection: Connection,
    areas: Areas,
    disease: Disease,
    inputs: CaseInputs,
    *,
    source_id: str,
    as_of: datetime,
) -> Severity:
    """Estimate the share of reported cases that will have died.

    Nothing is told without a delay from onset to death, without any death in the source, or where
    so few onsets are known that cases cannot be put on its axis.
    """
    share, issues = onset_known_share(inputs), history(connection, source_id)
    known = [issue.published_at for issue in issues if issue.published_at <= as_of]
    if disease.onset_to_death is None or share is None or share < LEAST_ONSET_SHARE or not known:
        return Severity()
    by_onset = all_by_onset(inputs)
    to = known[-1].astimezone(MANILA).date()
    dead = _read(connection, (source_id, disease.id), known[-1], since=inputs.start)
    if by_onset is None or dead.num_rows == 0:
        return Severity()
    on = as_of.astimezone(MANILA).date()
    # A day of death may lie after the last report.
    days = max((to - inputs.start).days + 1, inputs.days())
    deaths = _summed(dead, areas, inputs.areas, inputs.start, days=days, on=on)
    cases = np.zeros((days, len(inputs.areas)))
    cases[: len(by_onset)] = by_onset
    age = (to - inputs.start).days - np.arange(days)
    complete = known_by_age(
        connection, (source_id, disease.id), known, now=deaths[:, 0], start=inputs.start
    )
    share_known = np.ones(days) if complete is None else np.interp(
        age, np.arange(len(complete)), complete
    )  # fmt: skip
    if complete is None:
        share_known[age < SETTLED_DAYS] = 0.0
    old_enough = np.flatnonzero(share_known >= LEAST_KNOWN)
    if not old_enough.size:
        return Severity()
    told = int(old_enough[-1]) + 1
    found = fatality_of(
        cases[:told], deaths[:told], disease.onset_to_death, share_known=share_known[:told]
    )
    last = inputs.start + timedelta(days=told - 1)
    entries = _entries(found, inputs.areas, last, learned=complete is not None)
    return Severity(tuple(entries), last)


def all_by_onset(inputs: CaseInputs) -> Floats | None:
    """Return all reported cases by onset, shape (days, areas); None without onsets to learn from.

    How long before its report a case fell ill is learned from the country's newest report days
    of which every onset up to 28 days back is told: seen from the report nothing is cut off.
    """
    triangle = inputs.triangles[:, :, inputs.areas.index(COUNTRY)]
    onset, delay = np.indices(triangle.shape)
    whole = (onset + delay >= LONGEST_DELAY_DAYS) & (onset + delay < len(triangle))
    before = np.where(whole, triangle, 0.0).sum(axis=0)
    if before.sum() < 1:
        return None
    before /= before.sum()
    unknown = inputs.counts[ONSET_UNKNOWN]
    cases: Floats = inputs.counts["onset"].copy()
    for days, part in enumerate(before):
        cases[: len(cases) - days] += part * unknown[days:]
    return cases


def fatality_of(
    cases: Floats, deaths: Floats, delay: Delay, *, share_known: Floats
) -> tuple[CaseFatality, CaseFatality, CaseFatality]:
    """Estimate by the delay as it is, a fifth shorter and a fifth longer."""
    factors = (1.0, 1 - DELAY_ERROR, 1 + DELAY_ERROR)
    first, second, third = (
        case_fatality(
            cases,
            deaths,
            gamma_delay(delay.mean_days * factor, delay.sd_days * factor),
            # Before the first day of a line list there is neither a case nor a death of one.
            window=min(WINDOW_DAYS, len(cases)),
            death_completeness=share_known,
            last=SHOWN_DAYS,
        )
        for factor in factors
    )
    return first, second, third


def known_by_age(
    connection: Connection,
    source: tuple[str, str],
    issued: Sequence[datetime],
    *,
    now: Floats,
    start: date,
) -> Floats | None:
    """Return which part of a day's deaths is known 0, 1, … 28 days later; None without past ones.

    What issues four weeks old and older said of their last four weeks, over what is known of the
    same days now: `now` are the country's deaths by day from `start`.
    """
    newest = issued[-1].astimezone(MANILA).date()
    past = [at for at in issued if (newest - at.astimezone(MANILA).date()).days >= SETTLED_DAYS]
    then, later = np.zeros(SETTLED_DAYS + 1), np.zeros(SETTLED_DAYS + 1)
    for at in past[-MOST_ISSUES:]:
        day = at.astimezone(MANILA).date()
        first = day - timedelta(days=SETTLED_DAYS)
        if first < start:
            continue
        rows = _read(connection, source, at, since=first)
        told = np.zeros(SETTLED_DAYS + 1)
        place = [(day - date.fromisoformat(text)).days for text in rows["ref_date"].to_pylist()]
        # A death dated after its issue is a mistake of the register.
        inside = [n for n, age in enumerate(place) if age >= 0]
        counted = rows["cases"].to_numpy().astype(np.float64)
        np.add.at(told, [place[n] for n in inside], counted[inside])
        end = (day - start).days
        then += told
        later += now[end - SETTLED_DAYS : end + 1][::-1]
    if later.sum() < LEAST_DEATHS:
        return None
    share = np.divide(then, later, out=np.zeros_like(then), where=later > 0)
    return np.minimum(np.maximum.accumulate(share), 1.0)


def _read(
    connection: Connection, source: tuple[str, str], at: datetime, *, since: date
) -> pa.Table:
    """Return deaths by area and day as a source had said by an instant."""
    table = fact_table("case_count")
    source_id, disease = source
    wanted = [
        table.c.disease == disease,
        table.c.basis == "death",
        table.c.grain == "day",
        table.c.ref_date >= since,
    ]
    statement = known_at(table, source_id, at, columns=COLUMNS, where=wanted)
    found = read_columns(connection, statement)
    return pa.table(found, schema=arrow_schema(table, COLUMNS))


def _summed(
    dead: pa.Table, areas: Areas, units: Sequence[str], start: date, *, days: int, on: date
) -> Floats:
    """Sum deaths up the tree, shape (days, areas)."""
    names = dead["area"].unique().to_pylist()
    ways = ways_up(areas, on, names, units)
    found = np.zeros((days, len(units)))
    day = pc.cast(dead["ref_date"], pa.date32()).to_numpy().astype("datetime64[D]")
    place = (day - np.datetime64(start)).astype(np.int64)
    for area, at, count in zip(
        dead["area"].to_pylist(), place.tolist(), dead["cases"].to_pylist(), strict=True
    ):
        if 0 <= at < days:
            found[at, ways[area]] += count
    return found


def _entries(
    found: tuple[CaseFatality, CaseFatality, CaseFatality],
    units: Sequence[str],
    last: date,
    *,
    learned: bool,
) -> Iterator[Entry]:
    """Give the share of each area with cases, and what disclosure is judged by.

    The range holds those of a delay a fifth shorter and longer. Where it is not known which
    deaths are still to come into the register, only days four weeks old are told, as provisional.
    """
    main, short, long = found
    start = last - timedelta(days=len(main.value) - 1)
    states = [one.state for one in found]
    state = main.state.astype(np.float64)
    # The end of a range that cannot be computed is not told, nor then the figure.
    broken = np.any([s == State.WITHHELD for s in states], axis=0)
    state[broken & (state <= State.PROVISIONAL)] = State.WITHHELD
    if not learned:
        state[state == State.FINAL] = State.PROVISIONAL
    for index, area in enumerate(units):
        if (state[:, index] == State.MISSING).all():
            continue
        told = state[:, index] <= State.PROVISIONAL
        series = make_series(
            start,
            np.where(told, main.value[:, index], np.nan),
            low=np.where(told, np.fmin(short.low, long.low)[:, index], np.nan),
            high=np.where(told, np.fmax(short.high, long.high)[:, index], np.nan),
            state=state[:, index],
            completeness=np.minimum(main.factor[:, index], 1.0),
        )
        yield Entry(FATALITY, area, "", series, int(main.deaths[-1, index]))
        deaths = make_series(start, main.deaths[:, index])
        resolved = make_series(
            start,
            main.resolved[:, index],
            low=np.fmin(short.resolved, long.resolved)[:, index],
            high=np.fmax(short.resolved, long.resolved)[:, index],
        )
        yield Entry(FATALITY_DEATHS, area, "", deaths)
        yield Entry(FATALITY_RESOLVED, area, "", resolved)
