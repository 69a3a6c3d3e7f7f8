"""Every bad file ends as it must: refused whole, or with every row accounted for."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ingest.load import load
from ingest.sources.doh import case_information
from ingest.sources.dole import inspections
from kms.config import ROOT, Settings
from kms.domain.fault_codes import fault_code
from kms.domain.intake import FILE, IntakeReport
from kms.errors import ContractError
from kms.store.engine import Store, open_store
from kms.store.facts import FACT_TABLES, fact_table
from kms.store.migrate import migrate
from kms.store.tables import FaultRecord
from kms.store.vintages import vintages
from tests.ingest.corpus.bad import (
    CASES,
    DAYS,
    FILES,
    HELD,
    LEFT_OUT,
    MARKED,
    NAMES,
    REFUSED,
    ROWS,
    SAME,
    Bad,
    cases,
    earlier,
)
from tests.ingest.corpus.columns import FILES_OF_COLUMNS
from tests.ingest.corpus.containers import FILES_OF_CONTAINERS
from tests.ingest.corpus.dates import FILES_OF_DATES
from tests.ingest.corpus.issues import FILES_OF_ISSUES
from tests.ingest.corpus.places import FILES_OF_PLACES
from tests.ingest.corpus.text import FILES_OF_TEXT
from tests.ingest.corpus.values import FILES_OF_VALUES
from tests.ingest.corpus.workbooks import FILES_OF_WORKBOOKS

CORPUS: tuple[Bad, ...] = (
    *FILES_OF_TEXT, *FILES_OF_COLUMNS, *FILES_OF_VALUES, *FILES_OF_DATES, *FILES_OF_PLACES,
    *FILES_OF_CONTAINERS, *FILES_OF_WORKBOOKS, *FILES_OF_ISSUES,
)  # fmt: skip
SOURCES = {each.source_id: each for each in (case_information.SOURCE, inspections.SOURCE)}
FETCHED = datetime(2026, 2, 1, tzinfo=UTC)
CASES_OF_TABLE = 72
# Answers of a server; the tests of the connectors hold them.
ELSEWHERE = {
    60: "test_without_the_raw_file_nothing_is_asked_with_its_etag",
    61: "test_a_redirect_elsewhere_is_refused_and_not_followed",
    62: "test_a_slow_drip_ends_when_the_time_is_up",
}
SHORTEST = 6  # of a cell whose words a message could quote


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose store holds a good earlier issue of each source."""
    folder = tmp_path_factory.mktemp("settled")
    settings = Settings(home=folder / "home")
    store = open_store(settings)
    migrate(store)
    for source in NAMES:
        path = folder / NAMES[source].format(day=DAYS[source][0])
        path.write_bytes(earlier(source))
        (report,) = load(store, settings, SOURCES[source], [path], fetched_at=FETCHED)
        assert (report.status, report.rejects, report.flags) == ("accepted", {}, {})
    store.close()
    return settings.home


@pytest.fixture(scope="module")
def clean(settled: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the content hash of the good file of each source."""
    hashes = {}
    for source, make in FILES.items():
        folder = tmp_path_factory.mktemp("clean")
        with opened(settled, folder) as (store, settings):
            path = folder / NAMES[source].format(day=DAYS[source][1])
            path.write_bytes(make())
            (report,) = load(store, settings, SOURCES[source], [path], fetched_at=FETCHED)
            assert (report.status, report.rejects, report.flags) == ("accepted", {}, {})
            hashes[source] = one(store, report.vintage)["content_hash"]
    return hashes


class opened:  # noqa: N801  # used as a word
    """A copy of the settled home, with its store open."""

    def __init__(self, settled: Path, folder: Path) -> None:
        shutil.copytree(settled, folder / "home")
        self.settings = Settings(home=folder / "home")
        self.store = open_store(self.settings)

    def __enter__(self) -> tuple[Store, Settings]:
        return self.store, self.settings

    def __exit__(self, *_: object) -> None:
        self.store.close()


def one(store: Store, name: str) -> Any:
    """Return the vintage of a name."""
    with store.read() as connection:
        return next(each for each in vintages(connection) if each["name"] == name)


def stored(store: Store, *, vintages_too: bool = True) -> list[tuple[Any, ...]]:
    """Return every fact of the store, and every vintage."""
    with store.read() as connection:
        rows = [tuple(each.items()) for each in vintages(connection)] if vintages_too else []
        for name in FACT_TABLES:
            rows += [(name, *row) for row in connection.execute(select(fact_table(name)))]
    return rows


@pytest.mark.parametrize("bad", [b for b in CORPUS if b.outcome == REFUSED], ids=lambda b: b.name)
def test_a_refused_file_says_why_and_changes_nothing(
    bad: Bad, settled: Path, tmp_path: Path
) -> None:
    with opened(settled, tmp_path) as (store, settings):
        before = stored(store)
        with pytest.raises(ContractError) as refusal:
            take_in(bad, store, settings, tmp_path)
        assert stored(store) == before
    assert refusal.value.code == bad.code, str(refusal.value)
    assert fault_code(bad.code).action(FILE)
    message = str(refusal.value)
    assert message.startswith(f"{bad.source}: ")
    assert [cell for cell in cells(bad) if cell in message] == []
    assert list((settings.home / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    "bad", [b for b in CORPUS if b.outcome not in (REFUSED, HELD)], ids=lambda b: b.name
)
def test_an_accepted_file_accounts_for_every_row(
    bad: Bad, settled: Path, clean: dict[str, str], tmp_path: Path
) -> None:
    with opened(settled, tmp_path) as (store, settings):
        report = take_in(bad, store, settings, tmp_path)
        vintage, found = one(store, report.vintage), faults(store)
    assert report.status == "accepted"
    marked = {bad.code: len(bad.records)}
    assert report.rejects == (marked if bad.outcome == LEFT_OUT else {})
    assert report.flags == (marked if bad.outcome == MARKED else {})
    rejected = len(bad.records) if bad.outcome == LEFT_OUT else 0
    assert report.rows_read == bad.read
    assert (report.rows_rejected, report.rows_duplicate) == (rejected, bad.duplicate)
    assert report.rows_accepted == bad.read - rejected - bad.duplicate
    assert [(code, column, record) for code, column, record, _ in found] == [
        (bad.code, bad.column, record) for record in bad.records
    ]
    if bad.line is not None:
        assert found[0][-1] == bad.line
    if bad.outcome == SAME:
        assert vintage["content_hash"] == clean[bad.source]


@pytest.mark.parametrize("bad", [b for b in CORPUS if b.outcome == HELD], ids=lambda b: b.name)
def test_a_strange_issue_waits_and_changes_no_figure(
    bad: Bad, settled: Path, tmp_path: Path
) -> None:
    with opened(settled, tmp_path) as (store, settings):
        before = stored(store, vintages_too=False)
        report = take_in(bad, store, settings, tmp_path)
        assert stored(store, vintages_too=False) == before
        assert one(store, report.vintage)["state"] == "held"
    assert (report.status, report.rows_read) == ("held", bad.read)
    assert sorted({re.split(r"[ :]", told)[0] for told in report.tripwires}) == bad.code.split()
    assert report.rows_accepted == bad.read
    assert all(fault_code(code).action("HELD") for code in bad.code.split())


def take_in(bad: Bad, store: Store, settings: Settings, folder: Path) -> IntakeReport:
    """Load a bad file."""
    path = folder / (bad.file or NAMES[bad.source].format(day=DAYS[bad.source][1]))
    path.write_bytes(bad.make())
    source = SOURCES[bad.source]
    if bad.form:
        source = replace(source, form=bad.form)
    if bad.limits:
        source = replace(source, limits=bad.limits)
    (report,) = load(store, settings, source, [path], fetched_at=FETCHED)
    return report


def faults(store: Store) -> list[tuple[Any, ...]]:
    """Return where the faults of the store stand."""
    columns = (FaultRecord.code, FaultRecord.field, FaultRecord.record, FaultRecord.line)
    with store.read() as connection:
        return sorted(tuple(row) for row in connection.execute(select(*columns)))


def cells(bad: Bad) -> set[str]:
    """Return the cells of a good and of the bad file that a message could quote."""
    text = FILES[bad.source]()
    with contextlib.suppress(UnicodeError):
        (text + bad.make()).decode()
        text += bad.make().partition(b"\n")[2][:100_000]
    lines = text.decode("utf-8", "replace").replace("\0", "").splitlines()
    heads, *rows = csv.reader(lines)
    found = {cell.strip() for row in rows for cell in row if len(cell.strip()) >= SHORTEST}
    return {cell for cell in found - set(heads) if not cell.isalpha() or cell.isupper()}


def test_the_corpus_covers_the_table() -> None:
    covered = {bad.row_of_table for bad in CORPUS}
    assert set(range(1, CASES_OF_TABLE + 1)) - covered == set(ELSEWHERE)
    assert covered.isdisjoint(ELSEWHERE)
    connectors = Path(__file__).parents[1] / "connect"
    texts = "".join(path.read_text(encoding="utf-8") for path in connectors.glob("test_*.py"))
    assert [test for test in ELSEWHERE.values() if f"def {test}(" not in texts] == []
    assert len(CORPUS) >= 120
    names = Counter(bad.name for bad in CORPUS)
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize(
    ("content", "code"), [(b"<html>no", 3), (cases().replace(b"2021-", b"20-"), 3), (cases(), 0)]
)
def test_the_command_line_tells_a_refusal_by_its_exit_code(
    content: bytes, code: int, tmp_path: Path
) -> None:
    path = tmp_path / NAMES[CASES].format(day=DAYS[CASES][1])
    path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "app.py"), "ingest", CASES, str(path),
         "--json"],
        cwd=ROOT, env={**os.environ, "KMS_HOME": str(tmp_path / "home")}, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    told = json.loads(done.stdout)
    if code:
        assert told["status"] == "refused"
        assert "error: doh_case_information: " in done.stderr
    else:
        assert (told["status"], told["rows_accepted"]) == ("accepted", ROWS)
