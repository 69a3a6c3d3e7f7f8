"""The documents say what the code does."""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer
from typer.testing import CliRunner

from ingest.source import discover
from kms.config import ROOT, Settings
from kms.domain.fault_codes import FAULTS, fault_code
from kms.store.facts import FACT_TABLES, fact_table, key_columns, value_columns

SOURCES = sorted((ROOT / "docs" / "sources").glob("*.md"))
TABLES = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
DICTIONARY = "\n".join([TABLES, *(path.read_text(encoding="utf-8") for path in SOURCES)])
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OPERATE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
ANALYST = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^ *```(.*)\n((?:.*\n)*?) *```$", re.MULTILINE)
CODE_IN_SOURCE = re.compile(r"[\"'](\w+)[\"']")


def code_of(*folders: str) -> str:
    """Return the text of every Python file of some folders."""
    files = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_the_dictionary_prints_every_fault_with_its_meaning_and_what_is_done() -> None:
    printed = re.findall(
        r"^\| `(\w+)` \| (FILE|HELD|ROW|FIELD) \| (.+) \| (.+) \|$", DICTIONARY, re.MULTILINE
    )
    described = [
        (fault.code, grade, fault.meaning, action)
        for fault in FAULTS.values()
        for grade, action in fault.actions.items()
    ]
    assert printed == described


def test_every_fault_described_can_occur() -> None:
    source = code_of("ingest", "kms/domain", "kms/store")
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
        assert f"# Source `{source.source_id}`" in DICTIONARY
        for path in sample_of(source.source_id):
            header = path.read_text(encoding="utf-8").splitlines()[0]
            for column in header.split(","):
                assert f"`{column}`" in DICTIONARY


def test_the_dictionary_names_every_fact_table_and_column() -> None:
    for name in FACT_TABLES:
        (line,) = (row for row in TABLES.splitlines() if row.startswith(f"| `{name}` |"))
        table = fact_table(name)
        for column in [*key_columns(table), *value_columns(table)]:
            assert f"`{column}`" in line


def sample_of(source_id: str) -> list[Path]:
    """Return the sample files of a source."""
    source = discover()[source_id]
    found = [path for path in (ROOT / "data" / "sample").iterdir() if source.takes(path.name)]
    assert found
    return found


def test_operate_lists_every_setting_with_its_default() -> None:
    printed = re.findall(r"^\| `(KMS_\w+)` \| [^|]+ \| ([^|]+) \| [^|]+ \|$", OPERATE, re.MULTILINE)
    declared = [
        (f"KMS_{name.upper()}", written(field.default))
        for name, field in Settings.model_fields.items()
    ]
    assert printed == declared


def test_every_setting_named_in_the_product_exists() -> None:
    tests_only = {"KMS_TEST_COUNTS", "KMS_SKIP_BROWSER"}
    declared = {f"KMS_{name.upper()}" for name in Settings.model_fields}
    texts = code_of("kms", "ingest", "layouts") + "".join(map(read, DOCUMENTS))
    named = set(re.findall(r"\bKMS_[A-Z]+(?:_[A-Z]+)*\b", texts))
    assert named <= declared | tests_only


def written(default: object) -> str:
    """Return a default as the table prints it."""
    if default in (None, ""):
        return "empty"
    return f"`{default.relative_to(ROOT) if isinstance(default, Path) else default}`"


def read(path: Path) -> str:
    """Return a document's text."""
    return path.read_text(encoding="utf-8")


def command_line() -> typer.Typer:
    """Return the installed command line."""
    (script,) = entry_points(group="console_scripts", name="kms")
    app: typer.Typer = import_module(script.module).cli
    return app


def commands() -> dict[str, set[str]]:
    """Return every command with its options: "metric r" -> {"--incidence", ...}."""

    def walk(name: str, command: Any) -> Iterator[tuple[str, set[str]]]:
        for word, inner in getattr(command, "commands", {}).items():
            yield from walk(f"{name} {word}".strip(), inner)
        if not hasattr(command, "commands"):
            yield name, {option for one in command.params for option in one.opts} | {"--help"}

    return dict(walk("", typer.main.get_command(command_line())))


def test_operate_lists_every_command_and_no_other() -> None:
    listed = re.findall(r"^\| `kms ([a-z -]+)` \|", OPERATE, re.MULTILINE)
    assert sorted(listed) == sorted(commands())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_options_in_the_documents_exist(path: Path) -> None:
    known = commands()
    groups = {name.split()[0] for name in known if " " in name}
    for said in commands_said(read(path)):
        words = shlex.split(said, comments=True)
        name = " ".join(words[: 2 if words[0] in groups else 1])
        assert name in known, said
        options = {word.split("=")[0] for word in words if word.startswith("-")}
        assert options <= known[name], said


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_sources_whose_taking_in_is_shown_exist(path: Path) -> None:
    text = read(path)
    mappings = {f"tidy_csv.{Path(name).stem}" for name in re.findall(r"--mapping (\S+)", text)}
    known = {*discover(), "tidy_csv"} | mappings
    for said in commands_said(text):
        words = shlex.split(said, comments=True)
        if words[0] == "ingest" and len(words) > 1 and not words[1].isupper():
            assert words[1] in known, said


def commands_said(text: str) -> list[str]:
    """Return what stands behind `kms` in code: in the line of a block, or alone between marks."""
    blocks = "\n".join(body for _, body in FENCE.findall(text))
    rest = FENCE.sub("", text)
    lines = re.findall(r"^ *(?:\$ )?(?:[A-Z_]+=\S+ )*kms (.+)$", blocks, re.MULTILINE)
    return lines + re.findall(r"`kms ([^`]+)`", rest)


def test_every_command_the_product_speaks_of_exists() -> None:
    texts = re.sub(r"[\"']\s*\n\s*f?[\"']", "", code_of("kms", "ingest", "layouts"))
    known = commands()
    first = {name.split()[0] for name in known}
    groups = {name.split()[0] for name in known if " " in name}
    for said in re.findall(r"`kms ([a-z][a-z -]*[a-z])", texts):
        words = said.split()
        assert words[0] in first, said
        assert words[0] not in groups or len(words) == 1 or " ".join(words[:2]) in known, said


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_resolve(path: Path) -> None:
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)", FENCE.sub("", read(path))):
        if target.startswith("https://doi.org/"):
            continue
        file, _, anchor = unquote(target).partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{path.name}: {target}"
        assert there.is_relative_to(ROOT), f"{path.name}: {target}"
        if anchor:
            titles = re.findall(r"^#+ (.+)$", read(there), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w-]", "", t.lower().replace(" ", "-")) for t in titles}


def test_the_picture_of_the_board_is_there() -> None:
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", read(ROOT / "README.md"))
    if not (ROOT / picture).exists():
        pytest.skip(f"{picture} has not been taken yet")
    assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")


def test_every_source_is_named_where_commands_are_explained() -> None:
    for source_id in discover():
        assert source_id in OPERATE


def test_every_decision_is_numbered_and_titled() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    for number, path in enumerate(files, 1):
        assert path.name.startswith(f"{number:04}-")
        assert read(path).startswith(f"# {number}. ")


def examples() -> list[tuple[str, list[str]]]:
    """Return the command lines of the analysts' page and what they print."""
    found = []
    for kind, body in FENCE.findall(ANALYST):
        if kind == "console":
            first, *shown = body.splitlines()
            found.append((first.removeprefix("$ kms "), shown))
    return found


def test_there_are_examples() -> None:
    assert {words.split()[1] for words, _ in examples()} == {"r", "growth", "two-week"}


@pytest.mark.parametrize(("words", "shown"), examples(), ids=lambda value: str(value)[:40])
def test_the_examples_print_what_the_document_shows(
    words: str, shown: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, body in FENCE.findall(ANALYST):
        if kind.startswith("csv "):
            (tmp_path / kind.removeprefix("csv ")).write_text(body, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command_line(), shlex.split(words))
    assert result.exit_code == 0, result.output
    rows = list(csv.reader(result.stdout.splitlines()))
    expected = list(csv.reader(line for line in shown if line != "…"))
    assert rows[0] == expected[0]
    assert agrees(rows[-1], expected[-1])
    assert all(any(agrees(row, want) for row in rows) for want in expected)


def agrees(row: list[str], want: list[str]) -> bool:
    """Tell whether two rows are the same, numbers to six digits."""
    return len(row) == len(want) and all(map(alike, row, want))


def alike(cell: str, want: str) -> bool:
    """Compare what looks like a measured number as a number, the rest as it is."""
    if re.fullmatch(r"-?\d+\.\d+", want):
        return cell != "" and float(cell) == pytest.approx(float(want), rel=1e-6)
    return cell == want
