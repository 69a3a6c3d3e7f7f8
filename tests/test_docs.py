"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingest.source import discover
from kms.config import ROOT
from kms.domain.fault_codes import FAULTS, fault_code
from kms.store.facts import FACT_TABLES, fact_table, key_columns, value_columns

DICTIONARY = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
CODE_IN_SOURCE = re.compile(r"[\"'](\w+)[\"']")


def code_of(*folders: str) -> str:
    """Return the text of every Python file of some folders."""
    files = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_the_dictionary_prints_every_fault_with_its_meaning_and_what_is_done() -> None:
    printed = re.findall(
        r"^\| `(\w+)` \| (ROW|FIELD) \| (.+) \| (.+) \|$", DICTIONARY, re.MULTILINE
    )
    described = [
        (fault.code, grade, fault.meaning, action)
        for fault in FAULTS.values()
        for grade, action in fault.actions.items()
    ]
    assert printed == described


def test_every_fault_described_can_occur() -> None:
    source = code_of("ingest/reading", "ingest/sources", "kms/domain")
    source = source.replace((ROOT / "kms/domain/fault_codes.py").read_text(encoding="utf-8"), "")
    said = set(CODE_IN_SOURCE.findall(source))
    columns = {word.lower() for word in said}
    for code in FAULTS:
        prefix, _, column = code.partition("_")
        assert code in said or (prefix in {"after", "before"} and column in columns), code


def test_an_undescribed_fault_or_grade_is_refused() -> None:
    with pytest.raises(ValueError, match="'no_such' is not described"):
        fault_code("no_such")
    with pytest.raises(ValueError, match="'bad_width' has no grade 'FIELD'"):
        fault_code("bad_width").action("FIELD")


def test_the_dictionary_explains_every_source_and_column_of_its_sample() -> None:
    for source in discover().values():
        assert f"## Source `{source.source_id}`" in DICTIONARY
        for path in sample_of(source.source_id):
            header = path.read_text(encoding="utf-8").splitlines()[0]
            for column in header.split(","):
                assert f"`{column}`" in DICTIONARY


def test_the_dictionary_names_every_fact_table_and_column() -> None:
    for name in FACT_TABLES:
        (line,) = (row for row in DICTIONARY.splitlines() if row.startswith(f"| `{name}` |"))
        table = fact_table(name)
        for column in [*key_columns(table), *value_columns(table)]:
            assert f"`{column}`" in line


def sample_of(source_id: str) -> list[Path]:
    """Return the sample files of a source."""
    source = discover()[source_id]
    found = [path for path in (ROOT / "data" / "sample").iterdir() if source.takes(path.name)]
    assert found
    return found
