"""Sentences and words that pages and briefs share, so that one thing has one name.

The verbal scale of a chance: 95% or more very likely, 80 to 95 likely, 20 to 80 uncertain,
and the same mirrored. A chance is never written as 0% or 100%.
"""

from __future__ import annotations

from datetime import date
from statistics import median

from kms.reads.views import AreaRow, DataView, Frame, Reading, SectorRow, SourceRow
from kms.texts import Texts, manila_day

VERY_LIKELY, LIKELY, UNLIKELY, VERY_UNLIKELY = 0.95, 0.80, 0.20, 0.05
DIRECTIONS = ("growing", "uncertain", "shrinking", "too_few", "missing")


def chance(text: Texts, probability: float) -> str:
    """Write a chance as whole percent, never as certainty."""
    if probability >= 0.995:
        return ">99%"
    if probability < 0.005:
        return "<1%"
    return text.percent(probability)


def trend(text: Texts, probability: float) -> str:
    """Put the chance that cases grow into words."""
    if probability >= VERY_LIKELY:
        return text.gettext("very likely growing")
    if probability >= LIKELY:
        return text.gettext("likely growing")
    if probability > UNLIKELY:
        return text.gettext("uncertain")
    if probability > VERY_UNLIKELY:
        return text.gettext("likely shrinking")
    return text.gettext("very likely shrinking")


def direction_word(text: Texts, direction: str) -> str:
    """Return the word of a direction; the same on every page and brief."""
    words = {
        "growing": text.gettext("Growing"),
        "uncertain": text.gettext("Uncertain"),
        "shrinking": text.gettext("Shrinking"),
        "too_few": text.gettext("Too few cases"),
        "missing": text.gettext("No data"),
    }
    return words.get(direction, direction)


def state_word(text: Texts, state: str) -> str:
    """Return the word that stands where a figure may not, or that goes beside it."""
    words = {
        "final": text.gettext("final"),
        "provisional": text.gettext("provisional"),
        "hidden": text.gettext("not yet known"),
        "too_few": text.gettext("too few"),
        "stale": text.gettext("too old"),
        "suppressed": text.gettext("suppressed"),
        "missing": text.gettext("no data"),
        "withheld": text.gettext("withheld"),
    }
    return words.get(state, state)


def span(text: Texts, reading: Reading, decimals: int = 2) -> str:
    """Write a reading's range; empty where it has none."""
    if reading.low is None or reading.high is None:
        return ""
    return text.span(text.number(reading.low, decimals), text.number(reading.high, decimals))


def percent_span(text: Texts, reading: Reading, decimals: int = 0) -> str:
    """Write a share's range in percent without the sign: 27–41."""
    if reading.low is None or reading.high is None:
        return ""
    low, high = reading.low * 100, reading.high * 100
    return text.span(text.number(low, decimals), text.number(high, decimals))


def complement(reading: Reading) -> Reading:
    """Turn a share that was met into the share that was not."""

    def flip(share: float | None) -> float | None:
        return None if share is None else 1 - share

    return Reading(
        flip(reading.value),
        flip(reading.high),
        flip(reading.low),
        reading.state,
        reading.ref_date,
        reading.completeness,
    )


def doubling(text: Texts, days: float | None) -> str:
    """Write a doubling or halving time; none means that it is not told from no change."""
    if days is None:
        return text.gettext("no clear change")
    count = max(1, round(abs(days)))
    if days > 0:
        return text.ngettext("doubling in {n} day", "doubling in {n} days", count).format(
            n=text.number(count)
        )
    return text.ngettext("halving in {n} day", "halving in {n} days", count).format(
        n=text.number(count)
    )


def age(text: Texts, days: int) -> str:
    """Write how old the data are."""
    return text.ngettext("{n} day", "{n} days", days).format(n=text.number(days))


def visits(text: Texts, count: int | None) -> str:
    """Write how many inspections stand behind a figure; empty where it is not known."""
    if not count:
        return ""
    return text.ngettext("{n} inspection", "{n} inspections", count).format(n=text.number(count))


def region_line(text: Texts, row: AreaRow) -> str:
    """Name a row's R, its range and its doubling time."""
    if row.r.value is None:
        return f"{row.name}: {direction_word(text, row.direction).lower()}"
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
    up, down = _moving(rows, "growing"), _moving(rows, "shrinking")
    total = len(rows)
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
    else:
        head = text.ngettext(
            "{n} of {total} regions is likely growing, {k} very likely",
            "{n} of {total} regions are likely growing, {k} very likely",
            len(up),
        )
    tail = (
        text.ngettext("{m} is shrinking", "{m} are shrinking", len(down))
        if down
        else text.gettext("none is shrinking")
    )
    return f"{head}; {tail}".format(n=len(up), total=total, k=len(sure), m=len(down))


def board_why(text: Texts, rows: tuple[AreaRow, ...]) -> str:
    """Name the regions that grow fastest, or the one nearest to growing."""
    up = _moving(rows, "growing")
    if up:
        return ". ".join(region_line(text, row) for row in up[:2]) + "."
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
                p=chance(text, min(sure))
            )
        )
    parts.append(basis_sentence(text, frame))
    return " ".join(parts)


def basis_sentence(text: Texts, frame: Frame) -> str:
    """Say by which date R counts cases and for how many that date is known."""
    if frame.basis == "onset":
        basis = text.gettext("R counts cases by onset date")
    else:
        basis = text.gettext("R counts cases by report date")
    if frame.onset_known_share is None:
        return f"{basis}."
    known = text.gettext("onset is known for {share} of recent cases").format(
        share=text.percent(frame.onset_known_share)
    )
    return f"{basis}; {known}."


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
    return text.gettext("Cases to {day}, {age} before.").format(
        day=text.day(frame.cases_to), age=age(text, max(days, 0))
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


def spread_finding(text: Texts, row: AreaRow) -> str:
    """Say what R means here: to how many others a case led."""
    if row.r.value is None or row.p_above_1 is None:
        return area_lead(text, row)
    words = trend(text, row.p_above_1)
    return text.gettext("{trend} ({p}). Each case led to about {r} others.").format(
        trend=words[:1].upper() + words[1:],
        p=chance(text, row.p_above_1),
        r=text.number(row.r.value, 1),
    )


def change_sentence(text: Texts, row: AreaRow) -> str:
    """Say how a row's direction moved since the earlier edition."""
    return text.gettext("{before} to {after}").format(
        before=direction_word(text, row.change),
        after=direction_word(text, row.direction).lower(),
    )


def sectors_headline(text: Texts, rows: tuple[SectorRow, ...]) -> str:
    """Name the sector with the most safety items not met."""
    rated = [row for row in rows if row.compliance_initial.value is not None]
    if not rated:
        return text.gettext("No sector has enough inspections to compare")
    worst = min(rated, key=lambda row: row.compliance_initial.value or 0)
    return text.gettext("{sector} fails most: {share} of safety items not met").format(
        sector=text.gettext(worst.title),
        share=text.percent(1 - (worst.compliance_initial.value or 0)),
    )


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
    """Say how many sources are in date."""
    total = len(view.sources)
    if not total:
        return text.gettext("No source has been received yet")
    good = sum(row.state == "in_date" for row in view.sources)
    return text.ngettext(
        "{n} of {total} sources is in date", "{n} of {total} sources are in date", good
    ).format(n=good, total=total)


def source_state(text: Texts, row: SourceRow) -> str:
    """Say whether a source is in date, late or never came."""
    if row.state == "in_date":
        return text.gettext("In date")
    if row.state == "never":
        return text.gettext("Never received")
    if row.late_days:
        return text.gettext("Late by {age}").format(age=age(text, row.late_days))
    return text.gettext("Late")


def known_on(text: Texts, day: date) -> str:
    """Say which day's knowledge is shown."""
    return text.gettext("You see what was known on {day}").format(day=text.weekday(day))
