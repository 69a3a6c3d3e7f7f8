"""Sentences that answer, shared by pages and briefs: the finding first, how sure, how fresh."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from statistics import median

from kms.reads.views import AreaRow, DataView, Frame, Reading, SectorRow
from kms.texts import Texts, manila_day
from kms.wording import (
    LIKELY,
    UNLIKELY,
    VERY_LIKELY,
    VERY_UNLIKELY,
    age,
    basis_words,
    chance,
    complement,
    direction_word,
    doubling,
    percent_span,
    place_name,
    share_and_span,
    span,
    state_word,
    trend,
)

LEAST_WRITTEN = 0.005  # a share below would be written as 0%
ONSET_ENOUGH = 0.4  # share of known onset dates from which R could go by them


def region_line(text: Texts, row: AreaRow) -> str:
    """Name a row's R, its range and its doubling time."""
    if row.r.value is None:
        told = f"{place_name(text, row.name)}: {direction_word(text, row.direction).lower()}"
        return told if row.doubling_days is None else f"{told}, {doubling(text, row.doubling_days)}"
    return text.gettext("{name}: R {r} ({range}), {doubling}").format(
        name=row.name,
        r=text.number(row.r.value, 2),
        range=span(text, row.r),
        doubling=doubling(text, row.doubling_days),
    )


def _moving(rows: tuple[AreaRow, ...], direction: str) -> list[AreaRow]:
    return [row for row in rows if row.direction == direction]


def board_headline(text: Texts, rows: tuple[AreaRow, ...]) -> str:
    """Answer in one sentence: how many regions are growing, how many are shrinking."""
    up, total = _moving(rows, "growing"), len(rows)
    if not rows or all(row.direction in {"too_few", "missing"} for row in rows):
        return text.gettext("No region has enough cases to tell growing from shrinking")
    sure = [row for row in up if (row.p_above_1 or 0) >= VERY_LIKELY]
    if not up:
        head = text.gettext("None of {total} regions is likely growing")
    elif len(sure) == len(up):
        head = text.ngettext(
            "{n} of {total} regions is very likely growing",
            "{n} of {total} regions are very likely growing",
            len(up),
        )
    elif not sure:
        head = text.ngettext(
            "{n} of {total} regions is likely growing",
            "{n} of {total} regions are likely growing",
            len(up),
        )
    else:
        head = text.ngettext(
            "{n} of {total} regions is likely growing, {k} very likely",
            "{n} of {total} regions are likely growing, {k} very likely",
            len(up),
        )
    head = head.format(n=len(up), total=total, k=len(sure))
    parts = (head, _shrinking(text, rows), _rising(text, rows))
    return "; ".join(part for part in parts if part)


def headline(text: Texts, rows: tuple[AreaRow, ...], frame: Frame) -> str:
    """Answer for today; where the data are too old for that, say so instead."""
    return stale_sentence(text, frame) or board_headline(text, rows)


def stale_sentence(text: Texts, frame: Frame) -> str:
    """Say that the figures are too old to speak of today; empty where they are in date."""
    if frame.stale_days is None:
        return ""
    return text.gettext("These figures are {age} old and say nothing about today").format(
        age=age(text, frame.stale_days)
    )


def dated(text: Texts, sentence: str, frame: Frame) -> str:
    """Put the day before a sentence in the present tense where the data are too old for it."""
    day = frame.estimates_to or frame.cases_to
    if frame.stale_days is None or day is None:
        return sentence
    return text.gettext("As of {day}: {finding}").format(day=text.day(day), finding=sentence)


def days_covered(text: Texts, frame: Frame, rows: Iterable[AreaRow] = ()) -> str:
    """Say to which day R goes, in which areas earlier, and to which day cases and attack rates."""
    parts = []
    days = [row.r.ref_date for row in rows if row.r.value is not None and row.r.ref_date]
    if frame.estimates_to and days and min(days) < frame.estimates_to:
        parts.append(
            text.gettext("R: 7 or 14 days to {last}, where cases are few to {first}").format(
                last=text.short_day(frame.estimates_to), first=text.short_day(min(days))
            )
        )
    elif frame.estimates_to:
        parts.append(
            text.gettext("R: 7 or 14 days to {day}").format(day=text.short_day(frame.estimates_to))
        )
    if any(row.r.state == "provisional" for row in rows):
        parts.append(text.gettext("provisional, as reports of the last days are still arriving"))
    if frame.cases_to:
        parts.append(
            text.gettext("cases and attack rate to {day}").format(
                day=text.short_day(frame.cases_to)
            )
        )
    return "; ".join(parts)


def _rising(text: Texts, rows: tuple[AreaRow, ...]) -> str:
    count = len(_moving(rows, "rising"))
    if not count:
        return ""
    return text.ngettext(
        "{n} is rising from few cases", "{n} are rising from few cases", count
    ).format(n=count)


def _shrinking(text: Texts, rows: tuple[AreaRow, ...]) -> str:
    down = _moving(rows, "shrinking")
    if not down:
        return text.gettext("none is likely shrinking")
    if all((row.p_above_1 or 0) <= VERY_UNLIKELY for row in down):
        words = text.ngettext(
            "{m} is very likely shrinking", "{m} are very likely shrinking", len(down)
        )
    else:
        words = text.ngettext("{m} is likely shrinking", "{m} are likely shrinking", len(down))
    return words.format(m=len(down))


def board_why(text: Texts, rows: tuple[AreaRow, ...]) -> str:
    """Name the regions that grow fastest, or the one nearest to growing."""
    named = _moving(rows, "growing")[:2] + _moving(rows, "rising")[:1]
    if named:
        return ". ".join(region_line(text, row) for row in named) + "."
    known = [row for row in rows if row.p_above_1 is not None]
    if not known:
        return text.gettext("Cases are too few in every region, or none were received.")
    nearest = max(known, key=lambda row: row.p_above_1 or 0)
    return text.gettext("Nearest to growing: {name}, chance {p}.").format(
        name=nearest.name, p=chance(text, nearest.p_above_1 or 0)
    )


def board_sure(text: Texts, rows: tuple[AreaRow, ...], frame: Frame) -> str:
    """Say how sure the headline is and what it rests on."""
    parts = []
    sure = [row.p_above_1 for row in _moving(rows, "growing") if row.p_above_1 is not None]
    if sure:
        parts.append(
            text.gettext("At least {p} sure of each growing region.").format(
                p=chance(text, float(min(sure)))
            )
        )
    parts.append(basis_sentence(text, frame))
    return " ".join(parts)


def basis_sentence(text: Texts, frame: Frame) -> str:
    """Say by which date R counts cases, for how many that date is known, and why it is that one."""
    parts = [text.gettext("R counts cases {basis}").format(basis=basis_words(text, frame.basis))]
    share, by_report = frame.onset_known_share or 0.0, frame.basis == "report"
    if share:
        parts.append(
            text.gettext("onset is known for {share} of recent cases").format(
                share=text.percent(share) if share >= LEAST_WRITTEN else "<1%"
            )
        )
    elif by_report:
        parts.append(text.gettext("the files give no onset dates"))
    if by_report and share >= ONSET_ENOUGH:
        parts.append(
            text.gettext(
                "onset dates of recent cases are still being filled in, so R goes by report date"
            )
        )
    return "; ".join(parts) + "."


def board_fresh(text: Texts, rows: tuple[AreaRow, ...], frame: Frame) -> str:
    """Say to which day the data reach and what is late."""
    return " ".join(
        part for part in (cases_to(text, frame), oldest(text, rows), late(text, frame)) if part
    )


def cases_to(text: Texts, frame: Frame) -> str:
    """Say to which day cases reach."""
    if frame.cases_to is None:
        return text.gettext("No cases were received.")
    days = (manila_day(frame.as_of) - frame.cases_to).days
    if days <= 0:
        return text.gettext("Cases to {day}.").format(day=text.day(frame.cases_to))
    return text.gettext("Cases to {day}, {age} before.").format(
        day=text.day(frame.cases_to), age=age(text, days)
    )


def oldest(text: Texts, rows: tuple[AreaRow, ...]) -> str:
    """Name the region whose data are far older than the others', if there is one."""
    ages = [row.data_age_days for row in rows if row.data_age_days is not None]
    if not ages:
        return ""
    worst = max(rows, key=lambda row: row.data_age_days or 0)
    if max(ages) < median(ages) + 7:
        return ""
    return text.gettext("{name}: {age} old.").format(name=worst.name, age=age(text, max(ages)))


def late(text: Texts, frame: Frame) -> str:
    """Name the late sources."""
    count = len(frame.late_sources)
    if not count:
        return text.gettext("All sources are in date.")
    return text.ngettext(
        "{n} source is late: {names}.", "{n} sources are late: {names}.", count
    ).format(n=count, names=text.listing(list(frame.late_sources), 2))


def area_lead(text: Texts, row: AreaRow) -> str:
    """Answer for one area: growing or not, how sure, how fast."""
    if row.direction == "missing":
        return text.gettext("No cases were received for this area, so nothing can be told.")
    if row.direction == "rising":
        return _rising_lead(text, row)
    if row.r.value is None or row.p_above_1 is None:
        return text.gettext("There are too few cases to tell growing from shrinking.")
    if UNLIKELY < row.p_above_1 < LIKELY:
        lead = text.gettext("It is uncertain whether cases grow (chance {p}): R {r}, range {range}")
    else:
        lead = text.gettext("Cases are {trend} (chance of growing {p}): R {r}, range {range}")
    sentence = lead.format(
        trend=trend(text, row.p_above_1),
        p=chance(text, row.p_above_1),
        r=text.number(row.r.value, 2),
        range=span(text, row.r),
    )
    if row.doubling_days is None:
        return f"{sentence}."
    return f"{sentence}; {doubling(text, row.doubling_days)}."


def _rising_lead(text: Texts, row: AreaRow) -> str:
    """Say that few cases rise, by whichever growth is above 0 with its whole range."""
    growth, fortnight = row.growth, row.two_week_growth
    if growth.value is not None and growth.is_positive:
        sentence = text.gettext(
            "Cases are too few for R, but they are rising: {share} a day, range {range}"
        ).format(share="+" + text.percent(growth.value, 1), range=percent_span(text, growth, 1))
    elif fortnight.value is not None and fortnight.is_positive:
        sentence = text.gettext(
            "Cases are too few for R, but they are rising: {share} in two weeks against two "
            "before, range {range}"
        ).format(share="+" + text.percent(fortnight.value), range=percent_span(text, fortnight))
    else:
        return text.gettext("Cases are too few for R, but they are rising.")
    if row.doubling_days is None:
        return f"{sentence}."
    return f"{sentence}; {doubling(text, row.doubling_days)}."


def spread_finding(text: Texts, row: AreaRow) -> str:
    """Say what R means here: to how many others a case led."""
    if row.r.value is None or row.p_above_1 is None:
        return area_lead(text, row)
    words = trend(text, row.p_above_1)
    return text.gettext("{trend} ({p}{dated}). Each case led to about {r} others.").format(
        trend=words[:1].upper() + words[1:],
        p=chance(text, row.p_above_1),
        dated=reading_dated(text, row.r),
        r=text.number(row.r.value, 1),
    )


def reading_dated(text: Texts, reading: Reading) -> str:
    """Say of which day a figure is, and whether its reports are still arriving: ", to 9 Nov"."""
    parts = [""]
    if reading.ref_date is not None:
        parts.append(text.gettext("to {day}").format(day=text.short_day(reading.ref_date)))
    if reading.state == "provisional":
        parts.append(state_word(text, "provisional"))
    return ", ".join(parts)


def change_sentence(text: Texts, row: AreaRow) -> str:
    """Say how a row's direction moved since the earlier edition."""
    return text.gettext("{before} to {after}").format(
        before=direction_word(text, row.change),
        after=direction_word(text, row.direction).lower(),
    )


def sectors_headline(text: Texts, rows: tuple[SectorRow, ...]) -> str:
    """Name the sector where safety items are surely most often not met."""
    worst = fails_most(rows)
    if worst is None:
        return text.gettext("No sector has enough inspections to compare")
    not_met = complement(worst.compliance_initial)
    return text.gettext("Safety items fail most often in {sector}: {share} not met").format(
        sector=text.gettext(worst.title), share=share_and_span(text, not_met)
    )


def fails_most(rows: tuple[SectorRow, ...]) -> SectorRow | None:
    """Return the sector whose share not met is highest at the lower end of its range.

    By the value itself, a sector with a dozen inspections would lead by chance.
    """
    rated = [row for row in rows if row.compliance_initial.value is not None]
    return max(rated, key=_least_not_met, default=None)


def _least_not_met(row: SectorRow) -> float:
    not_met = complement(row.compliance_initial)
    return (not_met.low if not_met.low is not None else not_met.value) or 0.0


def correction_sentence(text: Texts, row: SectorRow) -> str:
    """Say what correction changed: not met at the first visit and after."""
    before, after = complement(row.compliance_initial), complement(row.compliance_after)
    if before.value is None:
        return text.gettext("Inspections are too few to say how many items are not met.")
    if after.value is None:
        return text.gettext(
            "{before} of safety items not met at the first visit ({range})."
        ).format(before=text.percent(before.value), range=percent_span(text, before))
    return text.gettext(
        "{before} of safety items not met at the first visit ({range}), {after} after correction."
    ).format(
        before=text.percent(before.value),
        range=percent_span(text, before),
        after=text.percent(after.value),
    )


def data_headline(text: Texts, view: DataView) -> str:
    """Say how many of the sources that have ever sent something are in date."""
    total = sum(row.state != "never" for row in view.sources)
    if not total:
        return text.gettext("No source has been received yet")
    good = sum(row.state == "in_date" for row in view.sources)
    return text.ngettext(
        "{n} of {total} sources is in date", "{n} of {total} sources are in date", good
    ).format(n=good, total=total)


def known_on(text: Texts, day: date) -> str:
    """Say which day's knowledge is shown."""
    return text.gettext("You see what was known on {day}").format(day=text.weekday(day))
