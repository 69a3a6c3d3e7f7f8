"""How an area's epidemic went: R, growth and cases as charts, each with words and a table."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from kms.domain.indicators import INNER_RANGE_LEVEL, RANGE_LEVEL
from kms.findings import area_lead, basis_sentence, reading_dated, spread_finding
from kms.reads.views import NOTHING, AreaView, CasesView, SeriesView
from kms.texts import Texts
from kms.wording import basis_words, doubling, place_name, range_name, state_word
from layouts import charts
from layouts.components.cards import card, empty
from layouts.components.figures import Columns, chart, key
from layouts.page import Visit

SATURDAY = 6  # ends a morbidity week
LONG_AGO_DAYS = 21


def spread_card(view: AreaView, visit: Visit) -> Component:
    """Show R as a fan; provisional days without a middle line."""
    text = visit.text
    _ = text.gettext
    return card(
        _("How fast it spreads"),
        _series_chart(
            view,
            visit,
            "area-r",
            charts.reproduction(view.r, text),
            finding=spread_finding(text, view.row),
            decimals=2,
            indicator="r_t",
        )
        if _drawable(view.r.value)
        else empty(_("No R can be drawn."), area_lead(text, view.row)),
        sub=_("reproduction number R {basis}").format(basis=basis_words(text, view.frame.basis)),
        foot=(
            basis_sentence(text, view.frame),
            _("Where few cases allow a figure a week only, lines join Saturdays.")
            if _has_whole_weeks(view.r)
            else "",
        ),
    )


def revisions_card(view: AreaView, visit: Visit) -> Component | None:
    """Show how the R of one day was told, publication by publication; nothing where it was not."""
    text, told = visit.text, view.revisions
    _ = text.gettext
    if told is None:
        return None
    known = [i for i, value in enumerate(told.value) if value is not None]
    first, last = known[0], known[-1]

    def written(at: int) -> str:
        value, low, high = told.value[at], told.low[at], told.high[at]
        if value is None:
            return state_word(text, told.state[at])
        span = f" ({text.between(low, high, 2)})" if low is not None and high is not None else ""
        return text.number(value, 2) + span

    finding = _("R of {day} was told as {first} on {then}, and is {last} now.").format(
        day=text.short_day(told.ref_date),
        first=written(first),
        then=text.short_day(told.told_on[first]),
        last=written(last),
    )
    rows = [
        (text.day(day), written(at), state_word(text, told.state[at]))
        for at, day in enumerate(told.told_on)
    ]
    return card(
        _("How a figure moved"),
        chart(
            charts.revisions(told, text, centre=1.0),
            name="area-revisions",
            finding=html.B(finding),
            summary=f"{place_name(text, view.row.name)}. {finding}",
            columns=Columns(
                (_("Told on"), f"R, {range_name(text, RANGE_LEVEL)}", _("State")), rows[::-1]
            ),
            text=text,
            legend=(key("ring", _("reports still arriving")), key("dot", _("complete"))),
        ),
        sub=_("R of one day, as each week’s last publication told it"),
    )


def growth_card(view: AreaView, visit: Visit) -> Component:
    """Show growth a day."""
    text = visit.text
    _ = text.gettext
    words = (
        doubling(text, view.row.doubling_days)
        if view.row.growth.value is not None
        else state_word(text, view.row.growth.state)
    )
    return card(
        _("Growth"),
        _series_chart(
            view,
            visit,
            "area-growth",
            charts.growth(view.growth, text),
            finding=words.capitalize() + reading_dated(text, view.row.growth) + ".",
            decimals=3,
            indicator="growth_rate_per_day",
        )
        if _drawable(view.growth.value)
        else empty(_("No growth can be drawn."), state_word(text, view.row.growth.state)),
        sub=_("a day, {basis}; above 0 is growing").format(
            basis=basis_words(text, view.frame.basis)
        ),
    )


def _has_whole_weeks(series: SeriesView) -> bool:
    """Say whether days are left out because their week is told as a whole."""
    return bool(series.dates) and (series.dates[-1] - series.dates[0]).days >= len(series.dates)


def _drawable(values: tuple[float | None, ...]) -> bool:
    return any(value is not None for value in values)


def _series_chart(
    view: AreaView,
    visit: Visit,
    name: str,
    figure: charts.Figure,
    *,
    finding: str,
    decimals: int,
    indicator: str,
) -> Component:
    text = visit.text
    _ = text.gettext
    series = {"r_t": view.r, "forecast_cases": view.forecast}.get(indicator, view.growth)

    scale, places, unit = (100, 1, "%") if indicator == "growth_rate_per_day" else (1, decimals, "")

    def written(value: float | None) -> str:
        return "" if value is None else text.number(value * scale, places) + unit

    rows = [
        (
            text.day(day),
            written(value),
            ""
            if low is None or high is None
            else text.between(low * scale, high * scale, places, unit),
            state_word(text, state),
        )
        for day, value, low, high, state in zip(
            series.dates, series.value, series.low, series.high, series.state, strict=True
        )
    ]
    outer = range_name(text, RANGE_LEVEL)
    arriving = {"provisional", "hidden"} & set(series.state)
    return chart(
        figure,
        name=name,
        finding=html.B(finding),
        summary=f"{place_name(text, view.row.name)}. {finding}",
        columns=Columns((_("Day"), _("Value"), outer, _("State")), rows[::-1]),
        text=text,
        legend=(
            key("95", outer),
            *([key("50", range_name(text, INNER_RANGE_LEVEL))] if _drawable(series.low50) else []),
            *([key("zone", _("reports still arriving, no middle line"))] if arriving else []),
        ),
        csv=visit.series(indicator, view.row.code),
    )


def cases_card(view: AreaView, visit: Visit) -> Component:
    """Show daily cases, their mean, and the days still arriving."""
    text, cases = visit.text, view.cases
    _ = text.gettext
    if not cases.dates:
        return card(_("Cases"), empty(_("No cases were received.")))
    mean_name = _("mean of the week") if cases.by_week else _("7-day mean")
    finding, outer = _cases_finding(cases, text), range_name(text, RANGE_LEVEL)
    expected = view.nowcast if cases.basis == "onset" else NOTHING
    rows = _case_rows(cases, expected, text)
    body = chart(
        charts.cases(cases, text, expected),
        name="area-cases",
        finding=html.B(finding),
        summary=f"{place_name(text, view.row.name)}. {finding}",
        columns=Columns(
            (
                _("Day"),
                _("Cases"),
                mean_name[:1].upper() + mean_name[1:],
                _("State"),
                *([_("Expected in the end")] if _drawable(expected.low) else []),
            ),
            rows[::-1],
        ),
        text=text,
        legend=(
            key("bar", _("reported")),
            key("line", mean_name),
            key("zone", _("reports still arriving")),
            *(
                [key("95", _("expected in the end, {range}").format(range=outer))]
                if _drawable(expected.low)
                else []
            ),
        ),
        csv=visit.series(f"cases_{cases.basis}", view.row.code),
    )
    basis = _("a day, {basis}").format(basis=basis_words(text, cases.basis))
    if cases.basis == "onset":
        basis = _("a day, {basis}; without those whose onset is not known").format(
            basis=basis_words(text, cases.basis)
        )
    return card(
        _("Cases"),
        body,
        sub=basis,
        foot=(
            _("A gap is a suppressed count, not zero."),
            _("A week with a day of few cases is shown as a whole, without its days.")
            if cases.by_week
            else "",
            _("The delay of reports is changing here: what is expected leans to one side.")
            if view.changing_delay
            else "",
        ),
    )


def _cases_finding(cases: CasesView, text: Texts) -> str:
    """Say how many a day there were in the last week that is all but complete."""
    known = [
        (day, value)
        for day, value in zip(cases.dates, cases.mean7, strict=True)
        if value is not None
        and (cases.provisional_from is None or day < cases.provisional_from)
        and (not cases.by_week or day.isoweekday() == SATURDAY)
    ]
    if not known:
        return text.gettext("Too few cases are shown for a mean.")
    told = text.gettext("{n} a day in the week to {day}.").format(
        n=text.number(known[-1][1]), day=text.short_day(known[-1][0])
    )
    late = (cases.dates[-1] - known[-1][0]).days > LONG_AGO_DAYS
    return f"{told} {text.gettext('No later week can be told.')}" if late else told


def _case_rows(cases: CasesView, expected: SeriesView, text: Texts) -> list[tuple[str, ...]]:
    """Write one row a day; what is expected where reports are still arriving."""
    told = {
        day: f"{text.number(value)} ({text.between(low, high)})"
        for day, value, low, high in zip(
            expected.dates, expected.value, expected.low, expected.high, strict=True
        )
        if value is not None and low is not None and high is not None
    }
    rows: list[tuple[str, ...]] = []
    rises, arriving = charts.mean_until(cases), cases.provisional_from
    for day, count, mean in zip(cases.dates, cases.cases, cases.mean7, strict=True):
        row: tuple[str, ...] = (
            text.day(day),
            state_word(text, "suppressed") if count is None else text.number(count),
            "" if mean is None or (rises and day >= rises) else text.number(mean, 1),
            text.gettext("reports still arriving") if arriving and day >= arriving else "",
        )
        rows.append((*row, told.get(day, "")) if told else row)
    return rows


def forecast_card(view: AreaView, visit: Visit) -> Component:
    """Show the cases of the next two weeks, or why none are told."""
    text, series = visit.text, view.forecast
    _ = text.gettext
    sub = _("cases a day, by report date")
    if not _drawable(series.value):
        reason = _("Too few cases, or too few days, to look ahead.")
        if "withheld" in series.state:
            reason = _(
                "In the last three months forecasts for areas of this size were not surely "
                "better than repeating last week. They are withheld until they are."
            )
        elif "suppressed" in series.state:
            reason = _("Some of the last days have few cases: a forecast would tell them.")
        return card(_("Next two weeks"), empty(_("No forecast."), reason), sub=sub)
    last = max(i for i, value in enumerate(series.value) if value is not None)
    value, low, high = series.value[last] or 0, series.low[last] or 0, series.high[last] or 0
    finding = _("About {n} a day on {day} ({range}).").format(
        n=text.number(value),
        day=text.short_day(series.dates[last]),
        range=text.between(low, high),
    )
    return card(
        _("Next two weeks"),
        _series_chart(
            view,
            visit,
            "area-forecast",
            charts.forecast(series, text),
            finding=finding,
            decimals=0,
            indicator="forecast_cases",
        ),
        sub=sub,
        foot=(
            _("Shown where past forecasts beat repeating last week."),
            _("R is let drift towards 1, as it mostly has done."),
        ),
    )
