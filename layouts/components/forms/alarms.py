"""What tripwires saw in an issue: how much, and how much they allow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dash import html
from dash.development.base_component import Component

from kms.domain.intake import Alarm
from kms.reads.people.held import HeldAlarm
from kms.texts import Texts
from kms.wording import age
from layouts.components.cards import two
from layouts.components.tables import table

SHARES = ("sex_changed", "age_changed", "total_shrank")
DAYS = ("stale_file", "gap")


def alarms_table(text: Texts, alarms: Sequence[tuple[Alarm | HeldAlarm, str]]) -> Component:
    """List alarms with their meanings, each with its unit."""
    _ = text.gettext
    rows = [
        [
            two(html.Span(meaning, lang="en"), _subject(text, alarm.subject)),
            amount(text, alarm.code, alarm.seen),
            amount(text, alarm.code, alarm.allowed),
        ]
        for alarm, meaning in alarms
    ]
    heads = [_("What is strange"), _("Seen"), _("Allowed")]
    return table(_("Why"), heads, rows, numbers=True, class_name="flow acts")


def _subject(text: Texts, subject: str) -> str | None:
    """Write a day as pages do; a region's code or a word as it is."""
    try:
        return text.day(date.fromisoformat(subject))
    except ValueError:
        return subject or None


def amount(text: Texts, code: str, value: float | None) -> str:
    """Write a share as a percentage, a length as days, anything else as a number."""
    if value is None:
        return "–"
    if code in SHARES:
        return text.percent(value, 1)
    if code in DAYS:
        return age(text, round(value))
    return text.number(value, 0 if value == round(value) else 1)
