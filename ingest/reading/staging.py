"""The selection that reads one CSV file into the stage: every column as text, then judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ingest.opening.header import MOST_COLUMNS
from ingest.reading.dates import DateColumn, date_fields
from ingest.reading.fields import FieldCheck, checked_fields

SEPARATOR = "\x1f"
MAX_LINE = 1 << 20
MOST_MALFORMED = 10_000  # lines of a wrong width that are remembered; more refuse any file
# What spreadsheets and web pages leave at the ends of cells: blanks of every kind.
ENDS = " \t\r\n\u00a0\u200b\ufeff"
_BLANK = "''"
_PLAIN = "[!-~]([ -~]*[!-~])?"  # ASCII without blanks at its ends
_NO_NULL = "\x7f" * 9  # every cell is text: this stands in none
_TOTAL = "TOTAL"
_SUMMARY = (_TOTAL, f"GRAND {_TOTAL}", f"SUB{_TOTAL}", f"SUB-{_TOTAL}", f"{_TOTAL}S")


@dataclass(frozen=True)
class Columns:
    """Which columns of a file are used, and for what.

    `also` maps a name to others it has gone by; case, blanks and underscores never matter.
    """

    key: str = ""  # names a row; blank where only several columns together do
    place: tuple[str, ...] = ()  # where it is, coarse to fine
    dates: tuple[DateColumn, ...] = ()
    keep: tuple[str, ...] = ()  # read as text, for further checks
    fields: tuple[FieldCheck, ...] = ()  # checked in this order
    optional: tuple[str, ...] = ()  # of the above: blank where a file lacks them
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()  # known, not read, and not about persons whatever their name
    most: int = MOST_COLUMNS  # of all columns of a file; one with a column a day has more

    @property
    def all_names(self) -> tuple[str, ...]:
        """Every column that is read."""
        checked = (*(d.name for d in self.dates), *(f.name for f in self.fields))
        key = (self.key,) if self.key else ()
        return tuple(dict.fromkeys((*key, *self.place, *checked, *self.keep)))

    @property
    def needed(self) -> tuple[str, ...]:
        """Every column that must be there."""
        return tuple(name for name in self.all_names if name not in self.optional)

    def has(self, date_name: str) -> bool:
        """Tell whether a date column is there."""
        return any(column.name == date_name for column in self.dates)


def staged_rows(names: Sequence[str], number: int, columns: Columns, release: date) -> str:
    """Write the selection that reads a file into `stage`; its one parameter is the path."""
    there = set(names)

    def cell(name: str) -> str:
        return quoted(name) if name in there else _BLANK

    def text(name: str) -> str:
        return _trimmed(cell(name))

    key = f"nfc_normalize({text(columns.key)})" if columns.key else _BLANK
    titles = [name for name in (columns.key, *columns.place[:1]) if name]
    checked = [*(d.name for d in columns.dates), *(f.name for f in columns.fields)]
    fields = [
        f"{number}::USMALLINT AS part",
        f"{key} AS key_text",
        # In the order of their names: parts may order their columns differently.
        f"hash({', '.join(map(quoted, sorted(names)))}) AS row_hash",
        f"{_place([cell(name) for name in columns.place])} AS place",
        f"({' OR '.join(map(_is_summary, map(cell, titles))) or 'false'}) AS is_summary",
        *[f"{text(name)} AS {quoted(name)}" for name in columns.keep],
        *[f"{text(name)} AS {name}_text" for name in checked],
    ]
    inner = (
        f"SELECT {', '.join(fields)} FROM read_csv(?, header = false, skip = 1, "
        "delim = ',', quote = '\"', escape = '\"', auto_detect = false, strict_mode = true, "
        f"max_line_size = {MAX_LINE}, columns = {{{_text_columns(names)}}}, "
        f"compression = 'none', store_rejects = true, "
        f"rejects_limit = {MOST_MALFORMED}, nullstr = '{_NO_NULL}')"
    )
    return checked_fields(date_fields(inner, columns.dates, release), columns.fields)


def quoted(name: str) -> str:
    """Return a column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _trimmed(column: str) -> str:
    """Return the SQL of a cell without blanks at its ends; trimming costs most where none are."""
    ends = " OR ".join(f"ends_with({column}, '{end}')" for end in ENDS if end.isascii())
    bare = f"strlen({column}) = length({column}) AND {column} >= '!' AND NOT ({ends})"
    return f"CASE WHEN {column} = '' OR ({bare}) THEN {column} ELSE trim({column}, '{ENDS}') END"


def _is_summary(cell: str) -> str:
    """Return the SQL of whether a cell names a total; the first look tells of nearly all."""
    words = ", ".join(f"'{word}'" for word in _SUMMARY)
    exact = f"upper({_trimmed(cell)}) IN ({words})"
    return f"CASE WHEN {cell} ILIKE '%{_TOTAL}%' THEN {exact} ELSE false END"


def _place(cells: Sequence[str]) -> str:
    """Return the SQL of trimmed cells with a mark between them that stands in none of them."""
    if not cells:
        return _BLANK
    mark = f"chr({ord(SEPARATOR)})"
    each = [f"replace({_trimmed(cell)}, {mark}, ' ')" for cell in cells]
    # Nearly all are plain: one look at all of them costs less than trimming each.
    joined = f"concat_ws({mark}, {', '.join(cells)})"
    plain = f"({_PLAIN})?(\\x{ord(SEPARATOR):02x}({_PLAIN})?){{{len(cells) - 1}}}"
    return (
        f"CASE WHEN regexp_full_match({joined}, '{plain}') THEN {joined} "
        f"ELSE concat_ws({mark}, {', '.join(each)}) END"
    )


def _text_columns(names: Sequence[str]) -> str:
    return ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in names)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
