"""The plan of the house: what lies where, how large it may grow, who may know whom."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kms.config import ROOT

TOP = {
    ".ci", ".gitignore", "LICENSE", "Makefile", "README.md", "app.py", "benchmarks", "data", "docs",
    "ingest", "kms", "layouts", "metrics", "pyproject.toml", "tests",
}  # fmt: skip
PACKAGES = ("kms", "ingest", "metrics", "layouts")
VAGUE = {"utils", "helpers", "common", "base", "misc", "manager", "managers", "util"}
LONGEST_FILE, LONGEST_FUNCTION, MOST_MODULES, MOST_POSITIONAL = 400, 60, 12, 4
# Rooms that are flat by nature: one question, one page or one command a file.
FLAT = {"kms/store"}


def sources() -> Iterator[Path]:
    """Return every Python file of the product."""
    yield ROOT / "app.py"
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def product_files() -> list[Path]:
    """Return files whose size is held: migrations are machine-written."""
    return [path for path in sources() if "migrations" not in path.parts]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return a function's lines without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def where(path: Path) -> str:
    """Return a path as the project names it."""
    return path.relative_to(ROOT).as_posix()


def test_nothing_else_lies_at_the_top() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert {line.split("/")[0] for line in listed.stdout.splitlines()} <= TOP


def test_no_file_is_too_long() -> None:
    lengths = {where(p): len(p.read_text(encoding="utf-8").splitlines()) for p in product_files()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    found = {
        f"{where(path)}:{node.name}": length(node)
        for path in product_files()
        for node in functions(path)
        if length(node) > LONGEST_FUNCTION
    }
    assert found == {}


def test_more_than_four_arguments_are_named() -> None:
    found = [
        f"{where(path)}:{node.name}"
        for path in product_files()
        for node in functions(path)
        if len([a for a in node.args.args if a.arg not in {"self", "cls"}]) > MOST_POSITIONAL
        and not _is_command(node)
        and not _is_kernel(node)
    ]
    assert found == []


def test_no_name_says_nothing() -> None:
    assert [where(p) for p in sources() if p.stem in VAGUE or p.parent.name in VAGUE] == []


def test_no_room_is_overfull() -> None:
    rooms: dict[str, int] = {}
    for path in product_files():
        if path.name != "__init__.py":
            rooms[where(path.parent)] = rooms.get(where(path.parent), 0) + 1
    crowded = {r: n for r, n in rooms.items() if n > MOST_MODULES and r not in FLAT}
    assert crowded == {}


def test_nobody_imports_the_wiring() -> None:
    pattern = re.compile(r"^\s*(from app import|import app\b)", re.MULTILINE)
    assert [where(p) for p in sources() if pattern.search(p.read_text(encoding="utf-8"))] == []


def test_the_wiring_is_short() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 60


def test_broad_handlers_stand_only_at_the_load_and_the_page_boundary() -> None:
    pattern = re.compile(r"except(\s+\(?(Base)?Exception\b|\s*:)")
    allowed = {
        "kms/store/engine.py", "kms/cli/console.py", "ingest/connect/fetch.py",
        "ingest/connect/taking.py", "ingest/desk/looking.py", "ingest/nightly/refresh.py",
        "layouts/routing.py",
    }  # fmt: skip
    found = {where(p) for p in sources() if pattern.search(p.read_text(encoding="utf-8"))}
    assert found <= allowed


def test_locks_hold_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / ".ci" / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:")


def _is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("command" in ast.unparse(d) for d in node.decorator_list)


def _is_kernel(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("jit" in ast.unparse(d) or "kernel" in ast.unparse(d) for d in node.decorator_list)
