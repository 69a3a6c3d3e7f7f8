"""`kms metric cfr`, `occupancy`, `days-to-capacity` and `positivity`."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kms.cli.metric.app import Row, metric_app, write
from kms.cli.metric.input.day_table import (
    Columns,
    DayTable,
    check_positive,
    one_area,
    read_day_tables,
    refusing,
)
from kms.cli.metric.input.serial_interval import DEFAULT_DISEASE, DISEASES
from kms.cli.metric.input.series_file import read_text
from kms.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

VENTILATOR, ICU = "ventilator", "icu"
# A layout tells of isolation and ward beds apart, a later one of both as beds outside ICU.
APART, TOGETHER = ("isolation", "ward"), "nonicu"
ALL_BEDS, ALL_AND_VENTILATORS = "all_beds", "all_beds_and_ventilators"
WHO_REPORTED = ("reporting", "carried", "registered")
OCCUPANCY_COLUMNS = [
    *("date", "bed_type", "occupied", "total", "share", "week_share", "free"),
    *("reporting_share", "carried_share", "state"),
]
CFR_COLUMNS = [
    *("date", "cases", "deaths", "cfr", "low", "high", "naive_cfr", "naive_low", "naive_high"),
    *("resolved_ratio", "state"),
]
POSITIVITY_COLUMNS = [
    *("date", "tested", "positive", "positivity", "low", "high", "tests_per_1000_week"),
    *("tests_change", "positivity_change", "drift_warning", "state"),
]


@metric_app.command("cfr")
def case_fatality_ratio(
    *,
    counts: Annotated[Path, typer.Option(help="CSV with date,cases,deaths: by onset, by death.")],
    delay_mean: Annotated[float | None, typer.Option(help="Mean days, onset to death.")] = None,
    delay_sd: Annotated[float | None, typer.Option(help="Their standard deviation.")] = None,
    disease: Annotated[str, typer.Option(help="Else take its delay.")] = DEFAULT_DISEASE,
    window: Annotated[int | None, typer.Option(min=1, help="Days of death; else all.")] = None,
    death_completeness: Annotated[
        float, typer.Option(help="Share of deaths reported, above 0 to 1.")
    ] = 1.0,
) -> None:
    """Case fatality of reported cases, adjusted for deaths still to come; naive beside it."""
    from metrics.health_care.severity import case_fatality, gamma_delay
    from metrics.states import State

    delay = _delay_to_death(delay_mean, delay_sd, disease)
    tables = read_day_tables(counts, Columns(("cases", "deaths")))

    def rows(table: DayTable) -> Iterator[Row]:
        with refusing(counts, table.area):
            found = case_fatality(
                table.columns["cases"],
                table.columns["deaths"],
                gamma_delay(*delay),
                window=window,
                death_completeness=death_completeness,
            )
        columns = [found.cases, found.deaths, found.value, found.low, found.high]
        columns += [found.naive, found.naive_low, found.naive_high, found.factor]
        for i, day in enumerate(table.dates()):
            numbers = (column[i] for column in columns)
            yield [day.isoformat(), *numbers, State(int(found.state[i])).label]

    write([table.named() for table in tables], CFR_COLUMNS, map(rows, tables))


def _delay_to_death(mean: float | None, sd: float | None, disease: str) -> tuple[float, float]:
    """Both numbers as given, else those of the disease."""
    if mean is not None and sd is not None:
        check_positive("--delay-mean", mean)
        check_positive("--delay-sd", sd)
        return mean, sd
    if mean is not None or sd is not None:
        missing = "--delay-mean" if mean is None else "--delay-sd"
        raise ConfigError(f"{missing} is missing. Give --delay-mean and --delay-sd together.")
    path = DISEASES / f"{disease}.toml"
    if not re.fullmatch(r"[a-z0-9_]+", disease) or not path.is_file():
        raise ConfigError(f"disease '{disease}' is not known. Give --delay-mean and --delay-sd.")
    delay = tomllib.loads(read_text(path)).get("onset_to_death", {})
    try:
        return float(delay["mean_days"]), float(delay["sd_days"])
    except KeyError as error:
        raise ConfigError(
            f"{path}: no onset_to_death with mean_days and sd_days. Give --delay-mean and"
            " --delay-sd."
        ) from error


@metric_app.command("occupancy")
def bed_occupancy(
    *,
    beds: Annotated[
        Path,
        typer.Option(help="CSV with date,bed_type,occupied,total (reporting,carried,registered)."),
    ],
) -> None:
    """Occupied share by type of bed, of all beds, and of all with ventilators.

    all_beds is icu + nonicu, or icu + isolation + ward; all_beds_and_ventilators adds ventilator.
    A total is left out where a type it needs is not in the file. Types of any other name, such as
    icu_non_covid, have their own share and are in no total.
    """
    columns = Columns(("occupied", "total"), WHO_REPORTED, key="bed_type", blanks=True)
    areas: dict[str, dict[str, DayTable]] = {}
    for table in read_day_tables(beds, columns):
        areas.setdefault(table.area, {})[table.key] = table
    first = [next(iter(types.values())) for types in areas.values()]
    for types in areas.values():
        _check_span(beds, list(types.values()))
        _check_names(beds, types)
    rows = (_occupancy_rows(beds, types) for types in areas.values())
    write([table.named() for table in first], OCCUPANCY_COLUMNS, rows)


def _check_span(path: Path, tables: list[DayTable]) -> None:
    first = tables[0]
    for other in tables[1:]:
        if (other.first_date, other.days()) != (first.first_date, first.days()):
            raise DataError(
                f"{path}: '{other.key}' runs from {other.first_date} for {other.days()} days,"
                f" '{first.key}' from {first.first_date} for {first.days()}. Give the same days;"
                " leave numbers of days without report blank."
            )


def _check_names(path: Path, types: dict[str, DayTable]) -> None:
    for name in (ALL_BEDS, ALL_AND_VENTILATORS):
        if name in types:
            raise DataError(
                f"{path}: bed_type '{name}' is a total, which this command makes itself. Leave its"
                " rows out or name them otherwise."
            )


def _all_beds(types: dict[str, DayTable]) -> list[dict[str, list[float]]]:
    """Numbers of the types that are all beds together, empty where one is not in the file."""
    has_apart = all(name in types for name in APART)
    if ICU not in types or not (has_apart or TOGETHER in types):
        return []
    icu = types[ICU].columns
    if TOGETHER not in types:
        return [icu, *(types[name].columns for name in APART)]
    together = types[TOGETHER].columns
    if not has_apart:
        return [icu, together]
    told = [
        not math.isnan(o + t) for o, t in zip(together["occupied"], together["total"], strict=True)
    ]
    apart = [_zero_where(told, types[name].columns) for name in APART]
    return [icu, _zero_where([not day for day in told], together), *apart]


def _zero_where(days: list[bool], columns: dict[str, list[float]]) -> dict[str, list[float]]:
    """Empty a type on days when another one tells of the same beds."""
    return {
        name: [0.0 if empty else value for empty, value in zip(days, values, strict=True)]
        for name, values in columns.items()
    }


def _occupancy_rows(path: Path, types: dict[str, DayTable]) -> Iterator[Row]:
    from metrics.health_care.occupancy import BedCounts, occupancy
    from metrics.states import State

    counts = {name: BedCounts(**table.columns) for name, table in types.items()}
    sums = {name: [one] for name, one in counts.items()}
    if all_beds := [BedCounts(**columns) for columns in _all_beds(types)]:
        sums[ALL_BEDS] = all_beds
        if VENTILATOR in counts:
            sums[ALL_AND_VENTILATORS] = [*all_beds, counts[VENTILATOR]]
    table = next(iter(types.values()))
    for name, chosen in sums.items():
        with refusing(path, table.area):
            found = occupancy(*chosen)
        columns = (found.occupied, found.total, found.share, found.week_share, found.free)
        shares = (found.reporting_share, found.carried_share)
        for i, day in enumerate(table.dates()):
            numbers = (column[i] for column in (*columns, *shares))
            yield [day.isoformat(), name, *numbers, State(int(found.state[i])).label]


@metric_app.command("days-to-capacity")
def days_to_capacity(
    *,
    beds: Annotated[Path, typer.Option(help="CSV with date,occupied,total; 63 days or more.")],
    draws: Annotated[int, typer.Option(min=1, help="Courses drawn.")] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="Start of the random numbers.")] = 1,
) -> None:
    """Days until 70, 85 and 100 % of the last day's beds are full, if growth goes on."""
    import numpy as np

    from metrics.health_care.projection import project_by_trend
    from metrics.states import State

    tables = read_day_tables(beds, Columns(("occupied", "total"), blanks=True))

    def rows(table: DayTable) -> Iterator[Row]:
        total = table.columns["total"][-1]
        with refusing(beds, table.area):
            found = project_by_trend(
                table.columns["occupied"], total, rng=np.random.default_rng(seed), draws=draws
            )
        for i, mark in enumerate(found.marks):
            days = (found.days[i], found.days_low[i], found.days_high[i])
            yield [mark, found.chance[i, -1], *days, State(int(found.state[i])).label]

    header = ["mark", "chance_within_28_days", "days", "days_low", "days_high", "state"]
    write([table.named() for table in tables], header, map(rows, tables))


@metric_app.command("positivity")
def positive_share(
    *,
    tests: Annotated[Path, typer.Option(help="CSV with date,tested,positive; blank: unknown.")],
    population: Annotated[float | None, typer.Option(help="People in the area.")] = None,
    window: Annotated[int, typer.Option(min=7, help="Days, a multiple of 7.")] = 7,
) -> None:
    """Positive share of tests by week; warns where tests fall and the share rises."""
    from metrics.health_care.tests_done import ascertainment_drift, positivity
    from metrics.states import State

    tables = read_day_tables(tests, Columns(("tested", "positive"), blanks=True))
    check_positive("--population", population)
    if population is not None:
        one_area(tests, tables, "--population")

    def rows(table: DayTable) -> Iterator[Row]:
        given = table.columns["tested"], table.columns["positive"]
        if window > table.days():
            of_area = f", area '{table.area}'" if table.area else ""
            raise DataError(
                f"{tests}{of_area}: {table.days()} days, and --window is {window}. Give a longer"
                " series or a shorter window."
            )
        with refusing(tests, table.area):
            found = positivity(*given, population=population, window=window)
            drift = ascertainment_drift(*given)
        columns = [found.tested, found.positive, found.value, found.low, found.high]
        columns += [found.tests_per_1000_week, drift.tests_change, drift.positivity_change]
        for i, day in enumerate(table.dates()):
            warning = "yes" if drift.warning[i] else "no"
            numbers = (column[i] for column in columns)
            yield [day.isoformat(), *numbers, warning, State(int(found.state[i])).label]

    write([table.named() for table in tables], POSITIVITY_COLUMNS, map(rows, tables))
