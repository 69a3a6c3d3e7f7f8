"""`kms metric signals`: what is unusual in daily or weekly counts."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from kms.cli.metric.app import Row, metric_app, write
from kms.cli.metric.input.series_file import DailySeries, parse_count, parse_date, read_rows
from kms.domain.calendar.morbidity_weeks import morbidity_week
from kms.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Method = Literal["p-value", "c1", "c2", "c3", "farrington", "farrington-1996", "cusum", "channel"]
Form = Literal["quartile", "mean_2sd", "geometric"]
DAY, WEEK = 1, 7
# Which options a method knows; another one given is refused rather than silently without effect.
KNOWN = {
    "p-value": {"baseline", "level"},
    "c1": {"baseline"},
    "c2": {"baseline"},
    "c3": {"baseline"},
    "farrington": {"level", "years"},
    "farrington-1996": {"level", "years"},
    "cusum": {"first"},
    "channel": {"years", "form", "leave_out"},
}
WRITTEN = {"first": "--from", "leave_out": "--leave-out"}


@dataclass(frozen=True, slots=True)
class CountSeries:
    """Counts of one area every ``step`` days, none missing."""

    area: str
    first_date: date
    step: int
    cases: list[float] = field(default_factory=list)

    def date_of(self, t: int) -> date:
        """Date of a 1-based day or week."""
        return self.first_date + timedelta(days=self.step * (int(t) - 1))


@dataclass(frozen=True, slots=True)
class Setting:
    """What was asked; None is the method's own default."""

    source: Path
    method: Method
    baseline: int | None
    level: float | None
    years: int | None
    first: str | None
    form: Form | None
    leave_out: list[int] | None

    def given(self, *names: str) -> dict[str, object]:
        """Those of the options that were given."""
        return {n: getattr(self, n) for n in names if getattr(self, n) is not None}


@metric_app.command("signals")
def signals(
    *,
    incidence: Annotated[Path, typer.Option(help="CSV with date,cases: every day, or weekly.")],
    method: Annotated[Method, typer.Option(help="How to judge.")] = "p-value",
    baseline: Annotated[int | None, typer.Option(help="Days compared with: 7.")] = None,
    level: Annotated[
        float | None, typer.Option(help="Chance of a false signal; with p-value, share of them.")
    ] = None,
    years: Annotated[int | None, typer.Option(help="Most earlier years used: 5.")] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="Of cusum: first date that is judged.")
    ] = None,
    form: Annotated[Form | None, typer.Option(help="Of the channel: quartile.")] = None,
    leave_out: Annotated[
        list[int] | None, typer.Option(help="Of the channel: an epidemic year; repeat.")
    ] = None,
) -> None:
    """Unusual counts: tail probabilities, EARS, Farrington, CUSUM or the endemic channel."""
    setting = Setting(incidence, method, baseline, level, years, first, form, leave_out)
    _check(setting)
    series = read_counts(incidence)
    weekly_only = method in ("farrington", "farrington-1996", "channel")
    if weekly_only and series[0].step != WEEK:
        raise DataError(
            f"{incidence}: dates are a day apart, but --method {method} compares weeks. Give one"
            " row per week."
        )
    with refusing(incidence):
        columns, tables = (_p_values if method == "p-value" else _one_by_one)(series, setting)
    labels = [DailySeries(one.area, one.first_date) for one in series]
    write(labels, ["date", "cases", *columns], tables)


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Say which file an estimator refused."""
    try:
        yield
    except ValueError as error:
        raise DataError(f"{path}: {error}. Give a longer series or other options.") from error


def read_counts(path: Path) -> list[CountSeries]:
    """Read `date,cases`, with an optional `area`; every date a day or a week after the last.

    Raises `DataError` for a missing column, an unusable date or count, a date that is missing,
    doubled or out of order: a day or week without data is never taken for 0 cases.
    """
    header, rows = read_rows(path)
    if not {"date", "cases"} <= set(header):
        raise DataError(
            f"{path}, line 1: columns are {', '.join(header[:8])}. Needed: date,cases"
            " (comma-separated), and area where there are several."
        )
    found: dict[str, CountSeries] = {}
    step = 0
    for line, row in rows:
        where = f"{path}, line {line}"
        day, count = parse_date(where, row["date"]), parse_count(where, "cases", row["cases"])
        area = row.get("area", "")
        if "area" in header and not area:
            raise DataError(f"{where}: column 'area' is blank. Name the area or drop the column.")
        if area in found and not step:
            step = WEEK if (day - found[area].first_date).days == WEEK else DAY
            found = {k: CountSeries(k, s.first_date, step, s.cases) for k, s in found.items()}
        one = found.setdefault(area, CountSeries(area, day, step or DAY))
        expected = one.date_of(len(one.cases) + 1)
        if day != expected:
            raise DataError(
                f"{where}: date is {day}, expected {expected} (every {one.step} days). Give each"
                " day or week once, in order, with 0 only if no case occurred."
            )
        one.cases.append(count)
    if not found:
        raise DataError(f"{path}: no rows below the header. Give one row per day or week.")
    return list(found.values())


def _check(setting: Setting) -> None:
    for name in ("baseline", "level", "years", "first", "form", "leave_out"):
        value = getattr(setting, name)
        if value is not None and name not in KNOWN[setting.method]:
            users = [m for m in get_args(Method) if name in KNOWN[m]]
            raise ConfigError(
                f"{WRITTEN.get(name, '--' + name)} is {value}, which --method {setting.method}"
                f" does not know. Leave it out, or use --method {', '.join(users)}."
            )
    if setting.level is not None and not 0 < setting.level < 0.5:
        raise ConfigError(f"--level is {setting.level}. Give a number above 0 and below 0.5.")


def _p_values(series: Sequence[CountSeries], setting: Setting) -> tuple[list[str], list[list[Row]]]:
    """All areas at once: overdispersion is pooled, and false signals are shared out by day."""
    import numpy as np

    from metrics.signals.false_discovery import false_discovery
    from metrics.signals.p_values import p_values
    from metrics.states import State

    spans = {(one.first_date, len(one.cases)) for one in series}
    if len(spans) > 1:
        raise DataError(
            f"{setting.source}: {len(series)} areas do not cover the same dates. With --method"
            " p-value they are compared day by day: give all of them the same dates."
        )
    table = np.array([one.cases for one in series]).T
    weekday = "pooled" if series[0].step == DAY else "none"
    found = p_values(table, weekday=weekday, **setting.given("baseline"))  # type: ignore[arg-type]
    rate = 0.05 if setting.level is None else setting.level
    chosen = false_discovery(found.p_value, rate=rate)

    def rows(a: int, one: CountSeries) -> Iterator[Row]:
        for i, t in enumerate(found.t):
            numbers = found.expected[i, a], found.p_value[i, a], chosen.q_value[i, a]
            state = State(int(found.state[i, a])).label
            day = one.date_of(t).isoformat()
            yield [day, int(table[t - 1, a]), *numbers, int(chosen.signal[i, a]), state]

    columns = ["expected", "p_value", "q_value", "signal", "state"]
    return columns, [list(rows(a, one)) for a, one in enumerate(series)]


def _one_by_one(
    series: Sequence[CountSeries], setting: Setting
) -> tuple[list[str], list[list[Row]]]:
    makers: dict[str, Callable[[CountSeries, Setting], tuple[list[str], object]]] = {
        "cusum": _cusum,
        "channel": _channel,
        "farrington": _farrington,
        "farrington-1996": _farrington,
    }
    columns: list[str] = []
    tables = []
    for one in series:
        columns, found = makers.get(setting.method, _ears)(one, setting)
        tables.append(list(_rows(one, columns, found)))
    return columns, tables


def _rows(one: CountSeries, columns: list[str], found: object) -> Iterator[Row]:
    """One row a date: the named fields of a result, codes as words."""
    from metrics.signals.channel import Zone
    from metrics.states import State

    words: dict[str, Callable[[int], object]] = {
        "signal": int,
        "state": lambda code: State(int(code)).label,
        "zone": lambda code: Zone(int(code)).label,
    }
    values = [getattr(found, name) for name in columns]
    for i, t in enumerate(found.t):  # type: ignore[attr-defined]  # every result dates its rows
        cells = [words.get(n, float)(v[i]) for n, v in zip(columns, values, strict=True)]
        yield [one.date_of(t).isoformat(), int(one.cases[t - 1]), *cells]


def _ears(one: CountSeries, setting: Setting) -> tuple[list[str], object]:
    from metrics.signals.ears import ears

    found = ears(one.cases, method=setting.method, **setting.given("baseline"))  # type: ignore[arg-type]
    return ["mean", "sd", "statistic", "bound", "signal"], found


def _farrington(one: CountSeries, setting: Setting) -> tuple[list[str], object]:
    from metrics.signals.farrington import farrington_1996, farrington_flexible

    judge = farrington_flexible if setting.method == "farrington" else farrington_1996
    found = judge(one.cases, **setting.given("level", "years"))  # type: ignore[arg-type]
    columns = ["expected", "bound", "phi", "trend_per_week", "p_value", "score", "chance"]
    return [*columns, "signal", "state"], found


def _cusum(one: CountSeries, setting: Setting) -> tuple[list[str], object]:
    from metrics.signals.cusum import cusum

    start = len(one.cases) // 2 + 1
    if setting.first is not None:
        days = (_day(setting.first) - one.first_date).days
        start = -(-days // one.step) + 1
    return ["expected", "cusum", "bound", "signal"], cusum(one.cases, start=start)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--from is '{text}'. Write the date as YYYY-MM-DD.") from error


def _channel(one: CountSeries, setting: Setting) -> tuple[list[str], object]:
    import numpy as np

    from metrics.signals.channel import endemic_channel

    left_out = set(setting.leave_out or ())
    weeks = range(1, len(one.cases) + 1)
    marks = np.array([morbidity_week(one.date_of(t)).year in left_out for t in weeks])
    options = setting.given("years", "form")
    found = endemic_channel(one.cases, epidemic_weeks=marks, **options)  # type: ignore[arg-type]
    return ["lower", "alert", "epidemic", "zone", "state"], found
