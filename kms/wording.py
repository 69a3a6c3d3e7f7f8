"""Words and written figures that pages and briefs share, so that one thing has one name.

The verbal scale of a chance: 95% or more very likely, 80 to 95 likely, 20 to 80 uncertain,
and the same mirrored. A chance is never written as 0% or 100%.
"""

from __future__ import annotations

from datetime import date, timedelta

from kms.access.bands import Banded
from kms.domain.calendar.morbidity_weeks import morbidity_week
from kms.domain.indicators import RANGE_LEVEL, SAFETY_RANGE_LEVEL
from kms.reads.notifiable.rows import SignalRow
from kms.reads.views import Reading, SourceRow
from kms.texts import Texts

VERY_LIKELY, LIKELY, UNLIKELY, VERY_UNLIKELY = 0.95, 0.80, 0.20, 0.05


def chance(text: Texts, probability: float) -> str:
    """Write a chance as whole percent, never as certainty; as a band where only that is told."""
    if isinstance(probability, Banded):
        return probability.label
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
        "rising": text.gettext("Rising, few cases"),
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
    return text.between(reading.low, reading.high, decimals)


def percent_span(text: Texts, reading: Reading, decimals: int = 0) -> str:
    """Write a share's range in percent without the sign: 27–41."""
    if reading.low is None or reading.high is None:
        return ""
    return text.between(reading.low * 100, reading.high * 100, decimals)


def range_name(text: Texts, level: float) -> str:
    """Name a range by how often it holds the true value: 95% range."""
    return text.gettext("{level} range").format(level=text.percent(level))


def ranges_sentence(text: Texts) -> str:
    """Say what the ranges mean, and that one written as 1.00–1.60 lies above 1."""
    return text.gettext(
        "A range holds the true value {n} times in 100 where the model is right; "
        "for safety items, {k} times. Its ends are rounded outwards: {range} lies above 1."
    ).format(
        n=text.number(RANGE_LEVEL * 100),
        k=text.number(SAFETY_RANGE_LEVEL * 100),
        range=text.between(1.0, 1.6, 2),
    )


def rate(text: Texts, reading: Reading) -> str:
    """Write a rate; one that would round to nothing is below the smallest written, not 0.00."""
    value, decimals = reading.value or 0.0, _decimals(reading)
    if 0 < value < _smallest(decimals) / 2:
        return "<" + text.number(_smallest(decimals), decimals)
    return text.number(value, decimals if value else 0)


def rate_span(text: Texts, reading: Reading) -> str:
    """Write a rate's range; one that would round to nothing is below the smallest written."""
    decimals = _decimals(reading)
    if reading.high is not None and 0 < reading.high < _smallest(decimals) / 2:
        limit = text.number(_smallest(decimals), decimals)
        return text.gettext("below {limit}").format(limit=limit)
    return span(text, reading, decimals)


def _decimals(reading: Reading) -> int:
    return 1 if (reading.high or reading.value or 0.0) >= 1 else 2


def _smallest(decimals: int) -> float:
    return float(10.0**-decimals)


def place_name(text: Texts, name: str) -> str:
    """Return the name of an area; the country's is translated."""
    return text.gettext(name) if name else ""


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


def basis_words(text: Texts, basis: str) -> str:
    """Say by which date cases are counted, and that report dates lag; goes with every label."""
    if basis == "onset":
        return text.gettext("by onset date")
    return text.gettext("by report date, about a week behind")


def share_and_span(text: Texts, reading: Reading) -> str:
    """Write a share with its range: 55% (53–57)."""
    written, around = text.percent(reading.value or 0.0), percent_span(text, reading)
    return f"{written} ({around})" if around else written


def source_state(text: Texts, row: SourceRow) -> str:
    """Say whether a source is in date, late or never came."""
    if row.state == "in_date":
        return text.gettext("In date")
    if row.state == "never":
        return text.gettext("Never received")
    if row.late_days:
        return text.gettext("Late by {age}").format(age=age(text, row.late_days))
    return text.gettext("Late")


def how_sure(text: Texts, false_share: float) -> tuple[str, str]:
    """Put the band of a signal into words, and into how many of such are false at most."""
    if false_share <= 0.001:
        return text.gettext("very sure"), text.gettext("of such, 1 in 1,000 false")
    if false_share <= 0.01:
        return text.gettext("sure"), text.gettext("of such, 1 in 100 false")
    return text.gettext("fairly sure"), text.gettext("of such, 1 in 20 false")


def zone_word(text: Texts, zone: str) -> str:
    """Name a zone of the endemic channel."""
    words = {
        "success": text.gettext("success"),
        "safety": text.gettext("safety"),
        "alert": text.gettext("alert"),
        "epidemic": text.gettext("epidemic"),
    }
    return words.get(zone, zone)


def morbidity_week_words(text: Texts, sunday: date) -> tuple[str, str]:
    """Name a week by its number and by its days."""
    number = text.gettext("Week {n}").format(n=morbidity_week(sunday).week)
    saturday = sunday + timedelta(days=6)
    return number, text.gettext("{first} to {last}").format(
        first=text.short_day(sunday), last=text.day(saturday)
    )


def signal_name(text: Texts, row: SignalRow) -> str:
    """Name what signals where."""
    return text.gettext("{disease} in {area}").format(
        disease=row.disease_name, area=place_name(text, row.area_name)
    )
