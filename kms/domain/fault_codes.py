"""What can be wrong with a row or a field, in words, and what is done about it.

Parsers may count only codes that stand here; docs/data-dictionary.md prints the same table. A
code is never taken away, since stored vintages speak of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from kms.domain.intake import FIELD, ROW

LEFT_OUT: Final = "The row is left out."
BLANKED: Final = "The field is left empty; the row counts."
KEPT: Final = "The row counts as it is, and is marked."
PLACED_HIGHER: Final = "The row counts for the nearest area that is sure, or for no area."


@dataclass(frozen=True, slots=True)
class FaultCode:
    """A kind of fault: its meaning, and by grade what is done."""

    code: str
    meaning: str
    actions: Mapping[str, str]

    def action(self, grade: str) -> str:
        """Say what is done with a row (ROW) or a field (FIELD) that has this fault."""
        if grade not in self.actions:
            raise ValueError(
                f"fault code {self.code!r} has no grade {grade!r}, only "
                f"{', '.join(self.actions)}; add it in kms/domain/fault_codes.py"
            )
        return self.actions[grade]


def fault_code(code: str) -> FaultCode:
    """Return a fault code; raise `ValueError` when it was never described."""
    if code not in FAULTS:
        raise ValueError(
            f"fault code {code!r} is not described; add it in kms/domain/fault_codes.py and in "
            "docs/data-dictionary.md"
        )
    return FAULTS[code]


def _both(code: str, meaning: str) -> FaultCode:
    """Left out where the row cannot count without the field, else the field is emptied."""
    return FaultCode(code, meaning, {ROW: LEFT_OUT, FIELD: BLANKED})


def _row(code: str, meaning: str) -> FaultCode:
    return FaultCode(code, meaning, {ROW: LEFT_OUT})


def _field(code: str, meaning: str, action: str = BLANKED) -> FaultCode:
    return FaultCode(code, meaning, {FIELD: action})


_CODES: Final = (
    # The line itself.
    _row("bad_width", "The line has more or fewer fields than the header."),
    _row("repeated_header", "The header stands again among the rows."),
    _both("required", "A field that must be filled is blank."),
    _both("bad_text", "A text holds invisible or control characters, or is too long."),
    # Dates.
    _both("date_unreadable", "The date cannot be read, or is no day of the calendar."),
    _both("date_swapped", "The date fits only with day and month exchanged."),
    _both("date_out_of_range", "The date lies before anything this source can tell of."),
    _both("date_future", "The date lies after the day the file was published."),
    _field("after_daterepconf", "The date lies after the day the case was reported."),
    _field("long_before", "The date lies more than a year before the case was reported."),
    _field("before_date_opened", "The date lies before the day the inspection was opened."),
    # Values.
    _field("age_out_of_range", "The age is no number between 0 and 120."),
    _field("number_unreadable", "A number cannot be read."),
    _field("number_negative", "A count or weight is below zero."),
    _field("number_not_whole", "A count has a fraction."),
    _field("number_out_of_range", "A number is larger than can be."),
    _field("value_unknown", "The value is none of those the layout allows."),
    _field("not_a_code", "A code is expected; this may be a name, which must not be stored."),
    # Keys.
    _field("key_shared", "Different rows stand under one key; nobody knows which is right.", KEPT),
    _row("key_conflict", "Rows of one inspection and item contradict each other; none is taken."),
    # Places and sectors.
    _field("place_code_conflict", "The place's code and name disagree; the name is used.", KEPT),
    _field("place_unknown", "A place was given that is not known there.", PLACED_HIGHER),
    _field("place_ambiguous", "Several places have the name given.", PLACED_HIGHER),
    _field("place_province_conflict", "The city lies in another province than given.", KEPT),
    _field("place_region_conflict", "The province lies in another region than given.", KEPT),
    _field("sector_unknown", "The industry code is not in the classification, or lost a zero."),
    # Inspections.
    _field("workers_zero", "An inspected establishment is said to have no workers."),
    _field("item_unknown", "The checklist item is not in our list of items.", KEPT),
    _field("answer_not_applicable", "An item that does not apply has an answer."),
    _field("after_worse", "An item that was met at first is said to be unmet after correction."),
    FaultCode(
        "inspection_inconsistent",
        "A row says something else about the inspection than its first row.",
        {FIELD: "The first row's value is used."},
    ),
)
FAULTS: Final[Mapping[str, FaultCode]] = MappingProxyType({fault.code: fault for fault in _CODES})
