"""What can be wrong with a row or a field, in words, and what is done about it.

Parsers may count only codes that stand here; docs/data-dictionary.md prints the same table. A
code is never taken away, since stored vintages speak of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from kms.domain.intake import FIELD, FILE, HELD, ROW

NOTHING_TAKEN: Final = "Nothing is taken in; the previous issue stays."
WAITS: Final = "The issue waits for a steward; the previous one stays."
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
        """Say what is done with a file, issue, row or field that has this fault."""
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


def _file(code: str, meaning: str) -> FaultCode:
    return FaultCode(code, meaning, {FILE: NOTHING_TAKEN})


def _held(code: str, meaning: str) -> FaultCode:
    return FaultCode(code, meaning, {HELD: WAITS})


def _field(code: str, meaning: str, action: str = BLANKED) -> FaultCode:
    return FaultCode(code, meaning, {FIELD: action})


_CODES: Final = (
    # The file.
    _file("empty", "The file is empty."),
    _file("no_rows", "The file has a header and no rows."),
    _file("not_csv", "The file is a web page or a message of an error, no table."),
    _file("unsupported", "The file is of a kind that is not read: PDF, archive, macros."),
    _file("encrypted", "The file is locked with a password, or an old .xls workbook."),
    _file("bad_container", "The file is named like an archive and is none."),
    _file("bad_archive", "The archive holds several files, a link, a path or another archive."),
    _file("bomb", "The file unpacks to far more than data do."),
    _file("too_large", "The file has more rows or bytes than are read."),
    _file("unsafe_xml", "The workbook cannot be read safely, or is damaged."),
    _file("bad_sheet", "The workbook has no sheet, or several, where one is meant."),
    _file("merged_cells", "Cells of the workbook are merged; rows cannot be told apart."),
    _file("bad_encoding", "The text is not UTF-8, nor another encoding this source may have."),
    _file("nul_byte", "The file holds a NUL byte; it is damaged or not text."),
    _file("bad_redirect", "The address leads to another one that is not allowed."),
    _file("garbled", "Many letters were replaced; the file was saved in a wrong encoding."),
    _file("truncated", "The file was cut off."),
    _file("bad_quotes", "A quote is opened and not closed, or stands inside a field."),
    _file("damaged", "The file cannot be read as a table, or has a line that is far too long."),
    _file("dup_column", "A column has no name, or one that stands twice."),
    _file("too_many_columns", "The file has more columns than any of this kind."),
    _file("missing_column", "A column this source promises is not there."),
    _file("wrong_source", "Most columns are missing: this is another kind of file."),
    _file("personal_column", "A column about persons is there that nobody expects."),
    _file("date_format", "More than 1 % of dates fit only with day and month exchanged."),
    _file("too_many_rejects", "More rows are left out than this source allows."),
    _file("bad_name", "The date in the file's name is no day of the calendar."),
    _file("future_issue", "The issue is dated after the day it was fetched."),
    _file("bad_parts", "Two parts of one issue have the same name or do not belong together."),
    _file("rival_issue", "There is another issue of the same instant, or a withdrawn one like it."),
    _file("refused", "The file is refused for another reason, which its message tells."),
    # The issue beside the one before it.
    _held("sex_changed", "Persons of the same code have another sex than before, in mass."),
    _held("age_changed", "Persons of the same code have another age than before, in mass."),
    _held("total_shrank", "A total is much smaller than before."),
    _held("spike", "A day has many times what the days before it had."),
    _held("gap", "Days are missing that lie between days with figures."),
    _held("frozen_copy", "The issue says exactly what the one before it said."),
    _held("stale_file", "The newest day lies long before the day of the issue."),
    _held("area_vanished", "A region that was always there is missing."),
    # The line itself.
    _row("bad_width", "The line has more or fewer fields than the header."),
    _row("repeated_header", "The header stands again among the rows."),
    _row("summary_row", "The line is a total of others."),
    _both("required", "A field that must be filled is blank."),
    _both("bad_text", "A text holds invisible or control characters, or is too long."),
    # Dates.
    _both("date_unreadable", "The date cannot be read, or is no day of the calendar."),
    _both("date_swapped", "The date fits only with day and month exchanged."),
    _both("date_out_of_range", "The date lies before anything this source can tell of."),
    _both("date_future", "The date lies after the day the file was published."),
    _field("after_daterepconf", "The date lies after the day the case was reported."),
    _field("long_before", "The date lies more than a year before the case was reported."),
    _both("date_after_other", "The date lies after another one that it cannot follow."),
    _both("date_before_other", "The date lies before another one that it cannot precede."),
    _field("before_date_opened", "The date lies before the day the inspection was opened."),
    # Values.
    _field("age_out_of_range", "The age is no number between 0 and 120."),
    _both("number_unreadable", "A number cannot be read."),
    _both("number_negative", "A count or weight is below zero."),
    _both("number_not_whole", "A count has a fraction."),
    _both("number_out_of_range", "A number is larger than can be."),
    _both("value_unknown", "The value is none of those the layout allows."),
    _both("not_a_code", "A code is expected; this may be a name, which must not be stored."),
    FaultCode(
        "not_counted",
        "The row is none of those the mapping counts.",
        {FIELD: "The row is in order, and counts nowhere."},
    ),
    # Keys.
    _field("key_shared", "Different rows stand under one key; nobody knows which is right.", KEPT),
    _row("key_conflict", "Rows of one key contradict each other; none is taken."),
    _field("total_fell", "A running total is lower than the one before it.", KEPT),
    # Places and sectors.
    _field("place_code_conflict", "The place's code and name disagree; the name is used.", KEPT),
    _field("place_code_unknown", "The place's code cannot be read or is not known.", KEPT),
    _field("place_code_repaired", "The place's code lost a zero, or became a fraction.", KEPT),
    _field("place_code_retired", "The place's code is an old one; the area of today counts.", KEPT),
    _field("text_garbled", "Letters of a name were replaced; it is matched as it was meant.", KEPT),
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
    FaultCode(
        "report_inconsistent",
        "A row says something else about the report than its first row.",
        {FIELD: "The first row's value is used."},
    ),
    # Counts of cases, and links between them.
    _field("part_exceeds_whole", "A part of a count is larger than the count itself."),
    _field("links_to_itself", "A case is said to be the source of its own infection."),
    _field(
        "interval_out_of_range",
        "Two linked cases fell ill further apart than can be.",
        "The link counts, its days do not.",
    ),
    # Reports of facilities and laboratories.
    _field(
        "beds_incomplete",
        "Of occupied and vacant beds of a type only one is given.",
        "The type is left out for that facility and day.",
    ),
    _field(
        "report_superseded",
        "The facility has another report of that day that is newer or says more.",
        "The other one counts; this one counts as a copy.",
    ),
    _field(
        "tests_incomplete",
        "Of individuals tested and positive only one is given.",
        "Neither counts for that laboratory and day.",
    ),
)
FAULTS: Final[Mapping[str, FaultCode]] = MappingProxyType({fault.code: fault for fault in _CODES})
