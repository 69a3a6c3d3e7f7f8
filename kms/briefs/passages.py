"""The parts of a sector brief: titles, rows and sentences, rounded as on the pages."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from kms.briefs.names import translated
from kms.domain.indicators import ALL_SECTORS, RANGE_LEVEL, SAFETY_RANGE_LEVEL
from kms.findings import (
    area_lead,
    basis_sentence,
    correction_sentence,
    dated,
    stale_sentence,
)
from kms.library.duties import COMMITTEE, REPORT, RISKS, SAFETY_OFFICER, TRAINING, Duty
from kms.reads.brief import ActionRow, BriefView
from kms.reads.views import Reading, SectorRow
from kms.texts import Texts, manila_day
from kms.wording import (
    chance,
    complement,
    doubling,
    percent_span,
    range_name,
    ranges_sentence,
    rate,
    rate_span,
    share_and_span,
    span,
    state_word,
)

SHOWN = ("final", "provisional")
LARGEST_SIZE_PRINTED = 250
_CHART_TOP = 1.6
PESO = "₱"
Passage = dict[str, Any]


def place_lines(view: BriefView, text: Texts) -> tuple[str, str]:
    """Say where and for whom; then to which day the data reach and when they were known."""
    _ = text.gettext
    where = [translated(text, view.area.name)]
    if view.sector != ALL_SECTORS:
        where.append(_("PSIC section {code}").format(code=view.sector))
    where.append(view.frame.disease_name)
    known = [_("Known on {day}").format(day=text.day(manila_day(view.frame.as_of)))]
    if view.frame.cases_to:
        known.append(_("cases to {day}").format(day=text.day(view.frame.cases_to)))
    if view.period_to:
        known.append(_("inspections to {day}").format(day=text.day(view.period_to)))
    return " · ".join(where), " · ".join(known)


def lead(view: BriefView, text: Texts) -> Passage:
    """Answer first: do cases grow here, what is not met, what to do first."""
    _ = text.gettext
    lines = [dated(text, area_lead(text, view.area), view.frame)]
    if view.frame.stale_days is not None:
        lines = [f"{stale_sentence(text, view.frame)}. {lines[0]}"]
    rated = [(name, row) for name, row in view.places if row.compliance_initial.value is not None]
    if rated:
        name, row = rated[0]
        lines.append(f"{translated(text, name)}: {correction_sentence(text, row)}")
    else:
        lines.append(correction_sentence(text, view.places[0][1]))
    if view.actions:
        lines.append(_("Do first: {action}.").format(action=view.actions[0].words))
    return {"title": f"1  {_('Bottom line')}", "lines": lines}


def spread(view: BriefView, text: Texts) -> Passage:
    """Show how fast the epidemic moves in the area."""
    _ = text.gettext
    row = view.area
    signed = _signed(text, 0)
    rows = [
        _line(text, _("Others infected by each case (R)"), row.r, _plain(text, 2)),
        [
            _("Chance that cases grow"),
            state_word(text, row.r.state) if row.p_above_1 is None else chance(text, row.p_above_1),
            "",
            _day(text, row.r),
        ],
        _line(text, _growth_name(view, text), row.growth, _signed(text, 1)),
        _line(text, _("Cases a day per 100,000 people"), row.adar_per_100k, _rate(text)),
        _line(text, _("Two weeks against two before"), row.two_week_growth, signed),
    ]
    values = list(row.sparkline)
    known = [value for value in values if value is not None]
    return {
        "title": f"2  {_('Cases in the area')}",
        "header": [_("Figure"), _("Value"), range_name(text, RANGE_LEVEL), _("To")],
        "rows": rows,
        "chart": {
            "values": values if len(known) > 1 else [],
            "high": max([_CHART_TOP, *known]),
            "alt": _("R of the last {n} days, dashed line at R = 1").format(n=len(values)),
            "caption": _("R of the last {n} days; dashed: R = 1, above it cases grow.").format(
                n=len(values)
            ),
        },
    }


def workplaces(view: BriefView, text: Texts) -> Passage:
    """Show how many safety items are not met, here and in the country."""
    _ = text.gettext
    period = ""
    if view.period_from and view.period_to:
        period = " ({range})".format(
            range=f"{text.day(view.period_from)} – {text.day(view.period_to)}"
        )
    return {
        "title": f"3  {_('Safety items not met')}{period}",
        "header": [_("Where"), _("First visit"), _("After correction"), _("Inspections")],
        "rows": [
            [
                translated(text, name),
                _share(text, complement(row.compliance_initial)),
                _share(text, complement(row.compliance_after)),
                _inspections(text, row),
            ]
            for name, row in view.places
        ],
    }


def findings(view: BriefView, text: Texts) -> Passage:
    """List what inspectors found most often in the sector, in the country."""
    _ = text.gettext
    return {
        "title": f"4  {_('What inspectors found most, Philippines')}",
        "header": [
            _("Item not met at first visit"),
            _("Share"),
            range_name(text, SAFETY_RANGE_LEVEL),
            _("Legal item"),
        ],
        "rows": [
            [
                f"{place}. {translated(text, item.title)}",
                text.percent(item.not_met.value or 0.0),
                percent_span(text, item.not_met),
                item.legal_item,
            ]
            for place, item in enumerate(view.items, 1)
        ],
        "empty": _("No items can be shown."),
    }


def actions(view: BriefView, text: Texts) -> Passage:
    """List what to do, most effective first."""
    _ = text.gettext
    return {
        "title": f"6  {_('What to do this month')}",
        "note": _("Most effective first: remove the risk, then engineer, organise, protect."),
        "header": [_("Level"), _("Action"), _("Who"), PESO, _("Advice"), _("Done")],
        "rows": [_action(text, row) for row in view.actions],
        "evidence": _evidence(text, view.actions),
    }


def duties(view: BriefView, text: Texts) -> Passage:
    """Tell the law's demands by size and risk, and how far they have been verified."""
    _ = text.gettext
    officers = [duty for duty in view.duties if duty.duty == SAFETY_OFFICER]
    printed = [duty for duty in officers if (duty.workers_max or 0) <= LARGEST_SIZE_PRINTED]
    rows = []
    for size, few in groupby(printed, key=lambda duty: (duty.workers_min, duty.workers_max)):
        by_risk = {duty.risk: duty for duty in few}
        cells = [_officer(text, by_risk.get(risk)) for risk in RISKS]
        rows.append([text.span(*(text.number(end or 0) for end in size)), *cells])
    lines = [
        f"{duty.words[text.language]}{'' if duty.verified else ' *'}."
        for duty in view.duties
        if duty.duty in (TRAINING, COMMITTEE, REPORT)
    ]
    return {
        "title": f"7  {_('Your duties by size and risk: safety officers')}",
        "header": [_("Workers"), _("Low risk"), _("Medium risk"), _("High risk")],
        "rows": rows,
        "lines": lines,
        "note": _standing(view, text),
    }


def sure(view: BriefView, text: Texts) -> Passage:
    """Say how sure the figures are and what they cannot tell."""
    _ = text.gettext
    still_open = _("After correction: items still open count as not met.")
    left_out = _("Days whose reports are still arriving are left out.")
    lines = [
        f"{ranges_sentence(text)} {still_open}",
        f"{basis_sentence(text, view.frame)} {left_out}",
        _("Micro and informal firms are hardly inspected: their risk is not seen here."),
        _("Cases carry no sector: how many workers fell ill in it is not known."),
    ]
    return {"title": f"5  {_('How sure are we')}", "lines": lines}


def call(view: BriefView, text: Texts) -> Passage:
    """Say whom to ask and where the newest version is."""
    _ = text.gettext
    return {
        "title": f"8  {_('Whom to call')}",
        "whom": _("Your DOLE regional office, safety and health desk; your DOH regional office."),
        "newest": _("Newest version:"),
        "address": f"/briefs/{view.area.code}/{view.sector}/latest.pdf",
    }


def _growth_name(view: BriefView, text: Texts) -> str:
    name = text.gettext("Growth a day")
    if view.area.growth.value is None:
        return name
    return f"{name}: {doubling(text, view.area.doubling_days)}"


def _line(
    text: Texts, name: str, reading: Reading, write: Callable[[Reading], list[str]]
) -> list[str]:
    """Write a figure with range and day, or the word for why there is none."""
    if reading.value is None or reading.state not in SHOWN:
        return [name, state_word(text, reading.state), "", _day(text, reading)]
    return [name, *write(reading), _day(text, reading)]


def _plain(text: Texts, decimals: int) -> Callable[[Reading], list[str]]:
    return lambda reading: [
        text.number(reading.value or 0.0, decimals),
        span(text, reading, decimals),
    ]


def _rate(text: Texts) -> Callable[[Reading], list[str]]:
    return lambda reading: [rate(text, reading), rate_span(text, reading)]


def _signed(text: Texts, decimals: int) -> Callable[[Reading], list[str]]:
    def write(reading: Reading) -> list[str]:
        value = reading.value or 0.0
        sign = "+" if value > 0 else ""
        return [sign + text.percent(value, decimals), percent_span(text, reading, decimals)]

    return write


def _share(text: Texts, reading: Reading) -> str:
    if reading.value is None:
        return state_word(text, reading.state)
    return share_and_span(text, reading)


def _inspections(text: Texts, row: SectorRow) -> str:
    if row.inspections is None:
        return state_word(text, row.compliance_initial.state)
    return text.number(row.inspections)


def _day(text: Texts, reading: Reading) -> str:
    return text.short_day(reading.ref_date) if reading.ref_date else ""


def _action(text: Texts, row: ActionRow) -> list[str]:
    _ = text.gettext
    levels = {
        "elimination": _("Eliminate"),
        "substitution": _("Substitute"),
        "engineering": _("Engineer"),
        "administrative": _("Organise"),
        "ppe": _("Protect"),
    }
    people = {
        "owner": _("Owner"),
        "manager": _("Manager"),
        "safety_officer": _("Safety officer"),
    }
    return [
        levels[row.control_level],
        row.words,
        people[row.who],
        PESO * row.cost or "0",
        row.entry_id,
    ]


def _evidence(text: Texts, rows: tuple[ActionRow, ...]) -> str:
    """Say how certain the evidence is on which actions rest; others rest on rules alone."""
    _ = text.gettext
    certainties = {
        "high": _("high certainty"),
        "moderate": _("moderate certainty"),
        "low": _("low certainty"),
        "very_low": _("very low certainty"),
    }
    graded = [
        f"{words} ({', '.join(row.entry_id for row in rows if row.certainty == grade)})"
        for grade, words in certainties.items()
        if any(row.certainty == grade for row in rows)
    ]
    return _("Evidence: {grades}.").format(grades="; ".join(graded)) if graded else ""


def _officer(text: Texts, duty: Duty | None) -> str:
    if duty is None:
        return text.gettext("no data")
    return duty.words[text.language] + ("" if duty.verified else " *")


def _standing(view: BriefView, text: Texts) -> str:
    """Say which instrument the duties come from and whether it still holds."""
    _ = text.gettext
    parts = [_("* inferred, to be verified.")]
    past = [d for d in view.duties if d.valid_to and d.valid_to < manila_day(view.frame.as_of)]
    if past:
        name = past[0].instrument.partition(" s.")[0]
        parts.append(
            _("From {old}, in force to {day}; the tables of {new} were not read.").format(
                old=name,
                day=text.day(past[0].valid_to or past[0].valid_from),
                new=past[0].replaced_by,
            )
        )
    parts.append(_("Confirm duties with DOLE. Advice marked GL is a draft for review."))
    return " ".join(parts)
