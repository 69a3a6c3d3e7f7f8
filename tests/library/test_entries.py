"""Library entries: the seeds are whole, wrong files are named, nothing in a text can run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kms.errors import DataError
from kms.library.duties import RISKS, SAFETY_OFFICER, duties_on, load_duties
from kms.library.entries import (
    CONTROL_LEVELS,
    FOLDER,
    KINDS,
    load_entries,
    parse_entry,
    read_entries,
)
from kms.library.prose import to_html

SEED = (FOLDER / "GL-002.md").read_text(encoding="utf-8")
DO_252_25_FROM = date(2025, 5, 16)


def test_every_seed_has_sources_a_review_date_and_a_text() -> None:
    entries = load_entries()
    assert len(entries) >= 30
    for entry in entries.values():
        assert entry.sources, entry.id
        assert entry.review_due > date(2026, 1, 1), entry.id
        assert entry.body_html.startswith("<"), entry.id
        assert len(entry.summary) <= 160, entry.id


def test_there_is_something_of_every_kind_and_level_of_control() -> None:
    entries = load_entries().values()
    assert {entry.kind for entry in entries} == set(KINDS)
    assert {entry.control_level for entry in entries if entry.action} == set(CONTROL_LEVELS)


def test_no_seed_claims_a_review_that_nobody_made() -> None:
    assert {entry.status for entry in load_entries().values()} == {"draft"}


def test_examples_say_that_they_are_examples() -> None:
    invented = [e for e in load_entries().values() if "Invented" in e.sources[0][0]]
    assert invented
    for entry in invented:
        assert entry.title.startswith("Example")
        assert "EXAMPLE" in entry.summary


def test_only_evidence_is_graded() -> None:
    for entry in load_entries().values():
        assert bool(entry.certainty) == (entry.kind == "evidence"), entry.id


def test_an_entry_without_sectors_is_for_all_of_them() -> None:
    entries = load_entries()
    assert entries["GL-004"].is_for("T")
    assert entries["GL-008"].is_for("F")
    assert not entries["GL-008"].is_for("K")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "guideline"', 'kind = "rumour"', "key 'kind' is 'rumour'"),
        ('kind = "guideline"\n', "", "key 'kind' is missing"),
        ("version = 1", 'version = 1\nmood = "good"', "key 'mood' is not known"),
        ("version = 1", "version = 0", "key 'version' is 0"),
        ("review_due = 2027-02-15", 'review_due = "soon"', "key 'review_due' is 'soon'"),
        ('id = "GL-002"', 'id = "GL-003"', "key 'id' is 'GL-003'"),
        ('sectors = ["C"', 'sectors = ["Z"', r"key 'sectors' is \['Z'\]"),
        ('sectors = ["C"', "sectors = [1", "key 'sectors'"),
        ('items = ["COV-01"]', 'items = ["COV-99"]', r"key 'items' is \['COV-99'\]"),
        ('certainty = ""', 'certainty = "high"', "key 'certainty' is 'high'"),
        ('url = "https:', 'url = "javascript:', "key 'sources' is 'javascript:"),
        ('who = "safety_officer"', 'who = "somebody"', "key 'action.who' is 'somebody'"),
        ("cost = 2", "cost = 7", "key 'action.cost' is 7"),
        ('control_level = "engineering"', 'control_level = ""', "key 'action'"),
        ("version = 1", "version = ", "not TOML"),
        ("\n+++\n", "\n---\n", "not between two lines"),
    ],
)
def test_a_wrong_entry_is_refused_with_file_and_key(old: str, new: str, message: str) -> None:
    assert old in SEED
    with pytest.raises(DataError, match=f"library/GL-002.md.*{message}"):
        parse_entry(SEED.replace(old, new, 1), "GL-002.md")


def test_evidence_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "GL-002.md").write_text(SEED, encoding="utf-8")
    with pytest.raises(DataError, match=r"GL-002\.md: key 'evidence' is 'EV-001'"):
        read_entries(tmp_path)


def test_nothing_in_a_text_can_run() -> None:
    html = to_html(
        "<script>alert(1)</script>\n\n[a](javascript:alert(1)) [b](https://dole.gov.ph)\n\n"
        '<img src=x onerror="alert(1)">\n\n![picture](https://elsewhere.example/x.png)'
    )
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'href="https://dole.gov.ph"' in html
    assert 'rel="noopener noreferrer"' in html


def test_tables_headings_and_lists_stay() -> None:
    html = to_html("## A\n\n- b\n\n| c |\n|---|\n| d |\n")
    for tag in ("<h2>", "<li>", "<table>", "<td>d</td>"):
        assert tag in html


def test_duties_after_their_end_are_the_last_known_and_name_what_replaced_them() -> None:
    assert duties_on(date(2018, 1, 1)) == ()
    before, after = duties_on(date(2024, 1, 1)), duties_on(DO_252_25_FROM)
    assert before == after == load_duties()
    for duty in after:
        assert duty.valid_to is not None
        assert duty.valid_to < DO_252_25_FROM
        assert duty.replaced_by == "DO 252-25"
        assert duty.source


def test_every_size_has_a_safety_officer_for_each_risk() -> None:
    officers = [duty for duty in load_duties() if duty.duty == SAFETY_OFFICER]
    sizes = {(duty.workers_min, duty.workers_max) for duty in officers}
    assert len(officers) == len(sizes) * len(RISKS)
    assert all(duty.words["fil"] for duty in load_duties())
