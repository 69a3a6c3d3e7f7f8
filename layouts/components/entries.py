"""Words and marks of library entries."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from kms.reads.views import EntryView
from kms.texts import Texts
from layouts.components import marks


def kind_word(text: Texts, kind: str) -> str:
    """Name a type of entry; an unknown type keeps its code in words."""
    words = {
        "guideline": text.gettext("Guideline"),
        "evidence": text.gettext("Evidence"),
        "good_practice": text.gettext("Good practice"),
        "success_story": text.gettext("Success story"),
        "policy": text.gettext("Policy and programme"),
        "programme": text.gettext("Programme"),
        "legal": text.gettext("Legal instrument"),
        "legal_instrument": text.gettext("Legal instrument"),
        "training": text.gettext("Training material"),
        "training_material": text.gettext("Training material"),
        "partner": text.gettext("Partner institution"),
        "hub": text.gettext("Innovation hub"),
        "innovation_hub": text.gettext("Innovation hub"),
    }
    return words.get(kind, readable(kind))


def status_word(text: Texts, status: str) -> str:
    """Name an entry's status."""
    words = {
        "draft": text.gettext("Draft"),
        "reviewed": text.gettext("Reviewed"),
        "published": text.gettext("Published"),
        "superseded": text.gettext("Superseded"),
        "withdrawn": text.gettext("Withdrawn"),
    }
    return words.get(status, readable(status))


def control_word(text: Texts, level: str) -> str:
    """Name a level of the hierarchy of controls."""
    words = {
        "elimination": text.gettext("Eliminate"),
        "substitution": text.gettext("Substitute"),
        "engineering": text.gettext("Engineering"),
        "administrative": text.gettext("Administrative"),
        "ppe": text.gettext("Protective equipment"),
    }
    return words.get(level, readable(level))


def grade_words(text: Texts, entry: EntryView) -> str:
    """Say how strong a recommendation is and how certain its evidence; empty for other types."""
    grades = {
        "strong": text.gettext("strong"),
        "conditional": text.gettext("conditional"),
        "high": text.gettext("high certainty"),
        "moderate": text.gettext("moderate certainty"),
        "low": text.gettext("low certainty"),
        "very_low": text.gettext("very low certainty"),
    }
    shown = [grades.get(word, readable(word)) for word in (entry.strength, entry.certainty) if word]
    return ", ".join(shown).capitalize()


def entry_marks(entry: EntryView, text: Texts) -> Component:
    """Show status and review date, level of control and grade."""
    parts: list[Component] = []
    if entry.review_due and entry.overdue:
        words = text.gettext("Review overdue, {day}").format(day=text.day(entry.review_due))
        parts.append(marks.state(text, "stale", word=words))
    elif entry.review_due:
        words = text.gettext("{status}, review due {day}").format(
            status=status_word(text, entry.status), day=text.day(entry.review_due)
        )
        parts.append(html.Span(words, className="s t2"))
    else:
        parts.append(html.Span(status_word(text, entry.status), className="s t2"))
    if entry.control_level:
        parts.append(html.Span(control_word(text, entry.control_level), className="rs key"))
    grade = grade_words(text, entry)
    if grade:
        parts.append(html.Span(grade, className="rs"))
    return html.Div(parts, className="chips")


def readable(code: str) -> str:
    """Turn a code into words: very_low becomes Very low."""
    return code.replace("_", " ").capitalize()
