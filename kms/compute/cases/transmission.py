"""R, growth, two-week growth and attack rate of every area, from counts as known at an instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from kms.compute.cases.blocks import Block, block_of, cut
from kms.compute.cases.inputs import LONGEST_DELAY_DAYS, ONSET_UNKNOWN, CaseInputs
from kms.compute.cases.late_reports import LateReports, joined, late_reports
from kms.compute.cases.reproduction import WINDOW_DAYS, intervals, reproduction_entries
from kms.compute.workers import HERE, Workers
from kms.domain.areas import COUNTRY, Areas
from kms.domain.diseases import Disease, SerialInterval
from kms.domain.series import Series, make_series, make_shown
from kms.store.publications import Entry
from metrics.states import State
from metrics.trend.doubling import DoublingTime, doubling_time
from metrics.trend.growth import Growth, growth
from metrics.trend.stacked import stacked_growth
from metrics.trend.two_week import two_week

Floats = NDArray[np.float64]
GROWTH_DAYS = 14
RECENT_DAYS = 56
LEAST_ONSET_SHARE = 0.4  # of recent cases, for the onset axis; below it R goes by report date
FINAL_SHARE = 0.9
NEWEST_DAYS = 14
LARGEST_RISE = 0.05  # of the share of blank onsets
CERTAIN = 3.0  # standard errors


@dataclass(frozen=True)
class Transmission:
    """The entries of a publication, and what must be said beside them."""

    entries: tuple[Entry, ...]
    basis: str
    onset_known_share: float | None
    serial_interval: SerialInterval  # on the last day
    changing_delays: tuple[str, ...]  # areas whose provisional figures lean to one side


def transmission(
    inputs: CaseInputs, areas: Areas, disease: Disease, workers: Workers = HERE
) -> Transmission:
    """Estimate everything that case counts alone can tell."""
    serial = intervals(disease, inputs)
    share = onset_known_share(inputs)
    settled = share is not None and share >= LEAST_ONSET_SHARE and not onsets_still_coming(inputs)
    basis, levels = "onset" if settled else "report", _levels(inputs)
    late = late_reports(inputs, levels) if settled else None
    # By report date every day is as complete as it will be.
    known = np.ones_like(inputs.counts["report"]) if late is None else late.share
    entries = [
        *reproduction_entries(inputs, levels, serial, basis=basis, late=late, workers=workers),
        *_growth(inputs, basis, late, workers),
        *_two_week(inputs, areas),
        *_counts(inputs, known, basis),
        *(late.entries if late else ()),
    ]
    return Transmission(
        entries=tuple(entries),
        basis=basis,
        onset_known_share=share,
        serial_interval=serial.newest,
        changing_delays=late.changing if late else (),
    )


def onset_known_share(inputs: CaseInputs) -> float | None:
    """Return the share of the country's recently reported cases whose onset is known."""
    recent = slice(max(0, inputs.days() - RECENT_DAYS), None)
    reported = inputs.counts["report"][recent, 0].sum()
    unknown = inputs.counts[ONSET_UNKNOWN][recent, 0].sum()
    return None if reported == 0 else float(1 - unknown / reported)


def onsets_still_coming(inputs: CaseInputs) -> bool:
    """Tell whether onsets of the newest cases are filled in later, after the case is reported.

    How many onsets are entered after the report is learned from an issue of four weeks ago; where
    that changes, or more are blank than then, R by onset would fall for that alone.
    The newest two weeks are compared with the six before: a known share lower by more than
    5 points, and by more than chance allows, says so.
    """
    reported, unknown = inputs.counts["report"][:, 0], inputs.counts[ONSET_UNKNOWN][:, 0]
    days = inputs.days()
    new = slice(max(0, days - NEWEST_DAYS), None)
    old = slice(max(0, days - RECENT_DAYS), max(0, days - NEWEST_DAYS))
    n_new, n_old = reported[new].sum(), reported[old].sum()
    if min(n_new, n_old) == 0:
        return False
    blank_new, blank_old = unknown[new].sum() / n_new, unknown[old].sum() / n_old
    pooled = (unknown[new].sum() + unknown[old].sum()) / (n_new + n_old)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n_new + 1 / n_old))
    risen = blank_new - blank_old
    return bool(risen > LARGEST_RISE and risen > CERTAIN * error)


def _growth(
    inputs: CaseInputs, basis: str, late: LateReports | None, workers: Workers
) -> Iterator[Entry]:
    if inputs.days() < GROWTH_DAYS:
        return
    columns = cut(range(len(inputs.areas)))
    blocks = (block_of(inputs, chosen, basis=basis, late=late) for chosen in columns)
    for entries in workers.map(_growing, blocks):
        yield from entries


def _growing(block: Block) -> list[Entry]:
    """Fit growth and doubling time of a block; runs where the workers are."""
    found = growth(
        block.cases / np.where(block.share >= FINAL_SHARE, block.share, 1.0), window=GROWTH_DAYS
    )
    if block.draws is not None:
        paths, first = block.paths()
        recent = stacked_growth(
            paths, share=block.share[first:], window=GROWTH_DAYS, last=LONGEST_DELAY_DAYS
        )
        found = joined(found, recent)
    times = doubling_time(found.rate_per_day, found.low, found.high)
    return [e for c in range(len(block.areas)) for e in _growth_entries(block, found, times, c)]


def _growth_entries(
    block: Block, found: Growth, times: DoublingTime, column: int
) -> Iterator[Entry]:
    area, start = block.areas[column], block.start + timedelta(days=int(found.t_end[0]) - 1)
    share = block.share[found.t_end - 1, column]
    state = found.state[:, column]
    rate = make_shown(
        start,
        found.rate_per_day[:, column],
        state,
        low=found.low[:, column],
        high=found.high[:, column],
        completeness=share,
    )
    yield Entry("growth_rate_per_day", area, "", rate, _count_behind(rate, found.cases[:, column]))
    flat = np.isin(state, (State.FINAL, State.PROVISIONAL))
    flat &= times.state[:, column] != State.FINAL
    doubling = make_shown(
        start,
        times.days[:, column],
        np.where(flat, np.int8(State.WITHHELD), state),
        low=times.low[:, column],
        high=times.high[:, column],
        completeness=share,
    )
    yield Entry("doubling_time_days", area, "", doubling)


def _two_week(inputs: CaseInputs, areas: Areas) -> Iterator[Entry]:
    people = [areas.population(code, inputs.cases_to) for code in inputs.areas]
    rated = [index for index, number in enumerate(people) if number]
    found = two_week(
        inputs.counts["report"][:, rated], np.array([people[i] for i in rated], dtype=np.float64)
    )
    for column, index in enumerate(rated):
        area, latest = inputs.areas[index], int(np.nan_to_num(found.cases[-1, column]))
        yield Entry(
            "two_week_growth_rate",
            area,
            "",
            make_series(
                inputs.start,
                found.growth[:, column],
                low=found.growth_low[:, column],
                high=found.growth_high[:, column],
                state=found.state[:, column].astype(float),
            ),
            latest,
        )
        yield Entry(
            "adar_per_100k",
            area,
            "",
            make_series(
                inputs.start,
                found.attack_per_100k[:, column],
                low=found.attack_low[:, column],
                high=found.attack_high[:, column],
            ),
            latest,
        )


def _counts(inputs: CaseInputs, known: Floats, basis: str) -> Iterator[Entry]:
    """Give the counts themselves; disclosure control comes when they are read."""
    for axis in ("report", "onset"):
        share = known if axis == basis == "onset" else np.ones_like(known)
        for index, area in enumerate(inputs.areas):
            values = inputs.counts[axis][:, index]
            series = make_series(inputs.start, values, completeness=share[:, index])
            yield Entry(f"cases_{axis}", area, "", series, int(values[-WINDOW_DAYS:].sum()))
    abroad = make_series(inputs.start, inputs.placeless)
    yield Entry("cases_placeless", COUNTRY, "", abroad, int(inputs.placeless[-14:].sum()))


def _levels(inputs: CaseInputs) -> list[list[int]]:
    """Return the positions of the country, then regions, then provinces."""
    depth = {"": 0}
    for area, parent in zip(inputs.areas, inputs.parents, strict=True):
        depth[area] = depth[parent] + 1
    return [
        [i for i, area in enumerate(inputs.areas) if depth[area] == level]
        for level in range(1, max(depth.values()) + 1)
    ]


def _count_behind(series: Series, cases: Sequence[float] | Floats) -> int | None:
    place = series.last_told()
    return None if place is None else int(cases[place])
