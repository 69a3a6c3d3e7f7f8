"""The files of OSHA's enforcement data, told apart by their headers, and the columns read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ingest.batch import Batch
from ingest.opening.header import header_key, read_header
from ingest.reading.dates import DateColumn
from ingest.reading.fields import FieldCheck, one_of, plain_text, whole_number
from ingest.reading.staging import Columns
from kms.errors import ContractError

YEAR_FIRST = "%Y%m%d"
EARLIEST = date(1970, 4, 28)  # before it there was no law to inspect by
MOST_EMPLOYEES = 99_999  # five digits in the published dictionary
LONGEST = 60

# What marks each file: columns no other file has together. The last ones stay in the snapshot.
MARKS = {
    "inspection": ("activity_nr", "open_date"),
    "violation": ("activity_nr", "citation_id", "standard"),
    "related_activity": ("activity_nr", "rel_type", "rel_act_nr"),
    "strategic_codes": ("activity_nr", "prog_type", "prog_value"),
    "accident_injury": ("summary_nr", "injury_line_nr"),
    "accident": ("summary_nr", "event_date"),
    "violation_event": ("activity_nr", "hist_event"),
    "gen_duty_standard": ("activity_nr", "citation_id", "line_nr"),
    "optional_info": ("activity_nr", "opt_type"),
    "accident_abstract": ("summary_nr", "line_nr"),
    "accident_lookup": ("accident_code", "accident_number"),
}
NOT_READ = (
    "violation_event",
    "gen_duty_standard",
    "optional_info",
    "accident_abstract",
    "accident_lookup",
)


def _number(name: str) -> FieldCheck:
    """A reference number; it names a row and may not be blank."""
    unlike = ("NOT regexp_full_match({text}, '\\d{1,17}(\\.\\d{1,3})?')", "not_a_code")
    return FieldCheck(name, "{text}", (unlike,), required=True)


INSPECTION = Columns(
    place=("site_state",),
    dates=(
        DateColumn("open_date", YEAR_FIRST, EARLIEST, required=True),
        DateColumn("close_case_date", YEAR_FIRST, EARLIEST, not_before="open_date"),
    ),
    fields=(
        _number("activity_nr"),
        plain_text("reporting_id", 40),
        plain_text("host_est_key", LONGEST),
        plain_text("naics_code", 6),
        one_of("insp_type", tuple("ABCDEFGHIJKLM")),
        one_of("insp_scope", tuple("ABCD")),
        whole_number("nr_in_estab", MOST_EMPLOYEES),
    ),
    optional=("host_est_key", "close_case_date"),
)
VIOLATION = Columns(
    fields=(
        _number("activity_nr"),
        plain_text("citation_id", 40, required=True),
        one_of("abate_complete", tuple("QXIEWSA")),
        one_of("delete_flag", ("D",)),
    ),
)
RELATED_ACTIVITY = Columns(
    fields=(
        _number("activity_nr"),
        one_of("rel_type", ("C", "I", "R", "A"), required=True),
        _number("rel_act_nr"),
    ),
)
STRATEGIC_CODES = Columns(
    fields=(
        _number("activity_nr"),
        FieldCheck(
            "prog_type",
            "upper({text})",
            (("NOT regexp_full_match({text}, '[A-Za-z]')", "value_unknown"),),
            required=True,
        ),
        plain_text("prog_value", LONGEST, required=True),
    ),
)
ACCIDENT_INJURY = Columns(
    keep=("load_dt",),
    fields=(
        _number("summary_nr"),
        _number("rel_insp_nr"),
        whole_number("injury_line_nr", 999, required=True),
        one_of("sex", ("M", "F")),
        one_of("degree_of_inj", ("1", "2", "3")),
    ),
)
ACCIDENT = Columns(
    dates=(DateColumn("event_date", YEAR_FIRST, EARLIEST),),
    fields=(_number("summary_nr"),),
)
READ = {
    "inspection": INSPECTION,
    "violation": VIOLATION,
    "related_activity": RELATED_ACTIVITY,
    "strategic_codes": STRATEGIC_CODES,
    "accident_injury": ACCIDENT_INJURY,
    "accident": ACCIDENT,
}


def by_kind(batch: Batch) -> dict[str, Batch]:
    """Part a vintage into the files of each kind; those that are not read are left out."""
    found: dict[str, tuple[str, ...]] = {}
    parts = {}
    for part in batch.parts:
        names = {header_key(name) for name in read_header(batch.source_id, part)}
        marks = (
            kind for kind, needed in MARKS.items() if {header_key(name) for name in needed} <= names
        )
        kind = next(marks, "")
        if not kind:
            raise ContractError(
                f"{batch.source_id}: {part.name} has the columns of none of OSHA's files "
                f"({len(names)} are there); check the path and the source",
                "wrong_source",
            )
        found[kind] = (*found.get(kind, ()), part.name)
        parts[part.name] = part
    return {
        kind: replace(batch, parts=tuple(parts[name] for name in names))
        for kind, names in found.items()
        if kind not in NOT_READ
    }
