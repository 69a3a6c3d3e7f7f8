"""`kms metric nowcast`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kms.cli.metric.app import Row, metric_app, write
from kms.cli.metric.input.series_file import (
    DailySeries,
    parse_count,
    parse_date,
    read_by_lag,
    read_rows,
)
from kms.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.delays.nowcast import Nowcast
    from metrics.quantiles import Floats

COLUMNS = [
    *("date", "observed", "nowcast", "low", "q25", "median", "q75", "high"),
    *("share_known", "state"),
]
NUMBERS = ("observed", "value", "low", "q25", "median", "q75", "high", "share")


@dataclass(slots=True)
class Reports:
    """Cases by area, onset day and delay as the file gives them, up to the as-of day.

    ``lines`` are those of a triangle's rows by area and onset day, empty for a line list.
    """

    as_of: date
    cells: dict[tuple[str, date, int], float] = field(default_factory=dict)
    lines: dict[tuple[str, date], int] = field(default_factory=dict)

    @property
    def areas(self) -> list[str]:
        """In the order of the file."""
        return list(dict.fromkeys(area for area, _, _ in self.cells))

    @property
    def first_onset(self) -> date:
        """The earliest onset day."""
        return min(onset for _, onset, _ in self.cells)


@metric_app.command("nowcast")
def nowcast_cases(
    *,
    cases: Annotated[
        Path, typer.Option(help="CSV with onset,report or onset,report,cases; or a triangle.")
    ],
    as_of: Annotated[
        str | None, typer.Option(help="Look from this day; default: last report in the file.")
    ] = None,
    longest_delay: Annotated[
        int, typer.Option(min=2, max=120, help="Days after which a count is final.")
    ] = 28,
    days: Annotated[int, typer.Option(min=20, max=730, help="Onset days looked back.")] = 120,
    delay: Annotated[
        Path | None, typer.Option(help="CSV with d,p from d = 0: delay to lean on.")
    ] = None,
    weekday: Annotated[bool, typer.Option(help="Reports follow a weekday pattern.")] = True,
) -> None:
    """Final counts of recent onset days, given that late reports are still on their way.

    A triangle has the columns onset,d0,d1,…: cases by onset day and days until report, the last
    row being the as-of day. An area column is allowed in both; areas lean on their sum.

    In a list of cases, days on which no case began count as days without cases, in every area
    and up to the as-of day. A triangle needs a row for every day and area and a number in every
    cell up to the as-of day: a missing day is not 0.
    """
    header, rows = read_rows(cases)
    until = None if as_of is None else _given_day(as_of)
    if "d0" in header:
        reports = _triangle(cases, header, rows, until)
    else:
        reports = _line_list(cases, header, rows, until)
    # Days before the first onset are no history of days without cases.
    first = max(reports.first_onset, reports.as_of - timedelta(days=days - 1))
    if reports.lines:
        _refuse_missing_days(cases, reports, first)
        _refuse_blank_cells(cases, reports, first, len(_delay_columns(header)))
    table, late = _table(reports, first, longest_delay + 1)
    parent = None if delay is None else _delay_file(delay, longest_delay + 1)
    try:
        result, drift = _computed(table, parent, weekday=weekday)
    except ValueError as error:
        raise DataError(f"{cases}: {error}. Correct the file or the options.") from error
    if late > 0:
        typer.echo(
            f"{cases}: {late:g} cases came after {longest_delay} days and are left out.", err=True
        )
    for a, stretch in drift.items():
        area = reports.areas[a]
        typer.echo(
            f"{cases}{f', area {area!r}' if area else ''}: reports came"
            f" {'later' if stretch > 0 else 'sooner'} than expected in the last three weeks;"
            f" figures not yet final are too {'low' if stretch > 0 else 'high'}.",
            err=True,
        )
    series = [DailySeries(area, first) for area in reports.areas]
    write(series, COLUMNS, (_rows(result, a, first) for a in range(len(series))))


def _computed(
    table: Floats, parent: Floats | None, *, weekday: bool
) -> tuple[Nowcast, dict[int, float]]:
    """The nowcast, and by how much the delay drifted in areas where that is beyond chance."""
    from metrics.delays.completeness import observed_part
    from metrics.delays.nowcast import nowcast
    from metrics.delays.reporting_delay import reporting_delay
    from metrics.delays.retrospective import retrospective

    delay = reporting_delay(table, parent=parent, weekday=weekday)
    past = retrospective(table, parent=parent, weekday=weekday)
    result = nowcast(observed_part(table).sum(axis=1), delay, error=past.error)
    return result, {int(a): float(past.drift[a]) for a in past.warning.nonzero()[0]}


def _rows(result: Nowcast, a: int, first: date) -> Iterator[Row]:
    from metrics.states import State

    for t in range(result.value.shape[0]):
        numbers = [getattr(result, name)[t, a] for name in NUMBERS]
        state = State(int(result.state[t, a])).label
        yield [(first + timedelta(days=t)).isoformat(), *numbers, state]


def _line_list(
    path: Path, header: list[str], rows: Iterator[tuple[int, dict[str, str]]], until: date | None
) -> Reports:
    if not {"onset", "report"} <= set(header):
        raise DataError(
            f"{path}, line 1: columns are {', '.join(header[:8])}. Needed: onset,report or"
            " onset,report,cases, or a triangle onset,d0,d1,…."
        )
    found: list[tuple[str, date, date, float]] = []
    for line, row in rows:
        where = f"{path}, line {line}"
        onset, report = (_day(where, row, name) for name in ("onset", "report"))
        if report < onset:
            raise DataError(
                f"{where}: report {report} lies before onset {onset}. Correct one of them."
            )
        count = parse_count(where, "cases", row["cases"]) if "cases" in header else 1.0
        found.append((_area(where, header, row), onset, report, count))
    if not found:
        raise DataError(f"{path}: no rows below the header. Give one row per case.")
    reports = Reports(until or max(report for _, _, report, _ in found))
    for area, onset, report, count in found:
        if report <= reports.as_of:
            key = (area, onset, (report - onset).days)
            reports.cells[key] = reports.cells.get(key, 0.0) + count
    if not reports.cells:
        raise DataError(f"{path}: no report up to {reports.as_of}. Give a later --as-of.")
    return reports


def _triangle(
    path: Path, header: list[str], rows: Iterator[tuple[int, dict[str, str]]], until: date | None
) -> Reports:
    delays = _delay_columns(header)
    if "onset" not in header or delays != [f"d{i}" for i in range(len(delays))]:
        raise DataError(
            f"{path}, line 1: columns are {', '.join(header[:8])}. A triangle needs"
            " onset,d0,d1,… without gaps."
        )
    found: dict[tuple[str, date, int], float] = {}
    days: dict[tuple[str, date], int] = {}
    for line, row in rows:
        where = f"{path}, line {line}"
        area, onset = _area(where, header, row), _day(where, row, "onset")
        if (area, onset) in days:
            raise DataError(f"{where}: onset {onset} stands twice. Give each day once.")
        days[area, onset] = line
        for d, name in enumerate(delays):
            if row[name]:
                found[area, onset, d] = parse_count(where, name, row[name])
    if not days:
        raise DataError(f"{path}: no rows below the header. Give one row per onset day.")
    reports = Reports(until or max(onset for _, onset in days), lines=days)
    for (area, onset, d), count in found.items():
        if onset + timedelta(days=d) <= reports.as_of:
            reports.cells[area, onset, d] = count
    if not reports.cells:
        raise DataError(f"{path}: no report up to {reports.as_of}. Give a later --as-of.")
    return reports


def _delay_columns(header: list[str]) -> list[str]:
    return [name for name in header if name.startswith("d") and name[1:].isdigit()]


def _refuse_missing_days(path: Path, reports: Reports, first: date) -> None:
    """A triangle has a row for every area and day looked at."""
    for area in dict.fromkeys(area for area, _ in reports.lines):
        for t in range((reports.as_of - first).days + 1):
            onset = first + timedelta(days=t)
            if (area, onset) in reports.lines:
                continue
            before = [n for (a, day), n in reports.lines.items() if a == area and day < onset]
            raise DataError(
                f"{path}{f', after line {max(before)}' if before else ''}: onset {onset}"
                f"{_of(area)} has no row. Every area needs each day from {first} to"
                f" {reports.as_of}: add it, with 0 only where no case was reported, or choose"
                " other --days or --as-of."
            )


def _refuse_blank_cells(path: Path, reports: Reports, first: date, delays: int) -> None:
    """A triangle has a number in every cell up to the as-of day."""
    for (area, onset), line in reports.lines.items():
        if onset < first:
            continue
        for d in range(min(delays, (reports.as_of - onset).days + 1)):
            if (area, onset, d) not in reports.cells:
                raise DataError(
                    f"{path}, line {line}: column 'd{d}' of onset {onset}{_of(area)} is blank,"
                    f" though {onset + timedelta(days=d)} is not after the as-of day"
                    f" {reports.as_of}. Give the number, 0 only where no case was reported."
                )


def _of(area: str) -> str:
    return f" of area '{area}'" if area else ""


def _table(reports: Reports, first: date, delays: int) -> tuple[Floats, float]:
    """Triangle of shape (T, D + 1, A), and the cases with longer delays."""
    import numpy as np

    column = {area: a for a, area in enumerate(reports.areas)}
    table = np.zeros(((reports.as_of - first).days + 1, delays, len(column)))
    late = 0.0
    for (area, onset, d), count in reports.cells.items():
        t = (onset - first).days
        if t >= 0 and d >= delays:
            late += count
        elif t >= 0:
            table[t, d, column[area]] += count
    return table, late


def _delay_file(path: Path, delays: int) -> Floats:
    import numpy as np

    weights = [share for _, share in read_by_lag(path, "d", "p", unit="day")]
    if abs(sum(weights) - 1) > 1e-6 or len(weights) > delays:
        raise DataError(
            f"{path}: {len(weights)} shares add up to {sum(weights):g}. They must add up to 1"
            f" within the {delays - 1} days of --longest-delay."
        )
    return np.array(weights + [0.0] * (delays - len(weights)))


def _day(where: str, row: dict[str, str], name: str) -> date:
    if not row[name]:
        raise DataError(
            f"{where}: column '{name}' is blank. Leave cases without {name} out, or impute it."
        )
    try:
        return parse_date(where, row[name])
    except DataError as error:
        raise DataError(str(error).replace("column 'date'", f"column '{name}'")) from error


def _given_day(text: str) -> date:
    try:
        return parse_date("--as-of", text)
    except DataError as error:
        raise ConfigError(f"--as-of is '{text}'. Write the day as YYYY-MM-DD.") from error


def _area(where: str, header: list[str], row: dict[str, str]) -> str:
    area = row.get("area", "")
    if "area" in header and not area:
        raise DataError(f"{where}: column 'area' is blank. Name the area or drop the column.")
    return area
