"""The forms for single rows, made from the words and limits of the sources they belong to."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.sources.dole import inspections, wair
from kms.domain.desk.entries import DAY, NUMBER, PLACE, SECTOR, WORD, EntryField, EntryForm
from kms.reference import load_inspection_items

YES_NO = ("YES", "NO")
MOST_PERSONS = 10
_KEY = inspections.LONGEST_KEY
_ESTABLISHMENT = (
    EntryField("establishment_id", required=True, most=_KEY),
    EntryField("establishment_name"),
    EntryField("place", PLACE, required=True),
    EntryField("psic", SECTOR, required=True),
    EntryField("workers_male", NUMBER),
    EntryField("workers_female", NUMBER),
)


def forms() -> Mapping[str, EntryForm]:
    """Return every form by its kind."""
    made = (_inspection(), _report(), _measure())
    return {form.kind: form for form in made}


def _inspection() -> EntryForm:
    return EntryForm(
        kind="inspection",
        source_id="dole_inspections",
        key="inspection_id",
        fields=(
            EntryField("inspection_id", required=True, most=_KEY),
            *_ESTABLISHMENT,
            EntryField("risk_class", WORD, inspections.RISKS),
            EntryField("mode", WORD, inspections.MODES, required=True),
            EntryField("trigger", WORD, inspections.TRIGGERS, required=True),
            EntryField("visit", WORD, inspections.VISITS, required=True),
            EntryField("date_opened", DAY, required=True),
            EntryField("date_closed", DAY),
            EntryField("regional_office", most=40),
            EntryField("inspector", most=40),
        ),
        each=(
            EntryField("applicable", WORD, YES_NO),
            EntryField("compliant_initial", WORD, YES_NO),
            EntryField("compliant_after", WORD, YES_NO),
            EntryField("corrected_on", DAY),
            EntryField("severity_weight", NUMBER),
        ),
        of=tuple(load_inspection_items()),
    )


def _report() -> EntryForm:
    return EntryForm(
        kind="accident",
        source_id="dole_wair",
        key="report_id",
        fields=(
            EntryField("report_id", required=True, most=wair.LONGEST_KEY),
            *_ESTABLISHMENT,
            EntryField("event", WORD, wair.EVENTS, required=True),
            EntryField("occurred_on", DAY, required=True),
            EntryField("reported_on", DAY),
        ),
        each=(
            EntryField("sex", WORD, ("male", "female")),
            EntryField("disability", WORD, tuple(wair.DISABILITIES)),
            EntryField("days_lost", NUMBER),
            EntryField("days_charged", NUMBER),
            EntryField("occupation"),
            EntryField("nature"),
            EntryField("body_part"),
            EntryField("agency"),
        ),
        of=tuple(str(number) for number in range(1, MOST_PERSONS + 1)),
    )


def _measure() -> EntryForm:
    return EntryForm(
        kind="measure",
        source_id="measures",
        key="measure_id",
        fields=(
            EntryField("measure_id", required=True, most=60),
            EntryField("place", PLACE),
            EntryField("psic", SECTOR),
            EntryField("starts_on", DAY, required=True),
            EntryField("ends_on", DAY),
            EntryField("level", most=40, required=True),
            EntryField("capacity_share", NUMBER),
            EntryField("instrument", most=200, required=True),
            EntryField("note"),
        ),
    )
