"""The mark of a store changes with every commit, whoever makes it, and with nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from kms.config import ROOT
from kms.reads.frame import Edition, edition
from kms.store import commits
from kms.store.commits import Commits
from kms.store.engine import Store
from kms.store.open import CLOCK, set_store_fact, store_fact

OTHER = """
import sys
from pathlib import Path
from kms.config import Settings
from kms.store.open import opened, set_store_fact
with opened(Settings(home=Path(sys.argv[1]))) as store:
    set_store_fact(store, "note", "another process")
"""


def test_reading_changes_nothing_and_every_commit_does(both: Store) -> None:
    mark = Commits(both)
    first = mark()
    with both.read() as connection:
        assert store_fact(connection, CLOCK) == ""
    assert mark() == first
    set_store_fact(both, "note", "here")
    second = mark()
    assert second != first
    assert mark() == second
    with both.write_ops() as connection:
        connection.execute(text("CREATE TABLE note (number INTEGER)"))
    assert mark() != second


def test_what_another_process_commits_is_seen(store: Store) -> None:
    mark = Commits(store)
    first = mark()
    home = str(Path(str(store.data.url.database)).parent)
    subprocess.run([sys.executable, "-c", OTHER, home], check=True, cwd=ROOT)
    assert mark() != first


def test_what_was_rolled_back_is_nothing(store: Store) -> None:
    mark = Commits(store)
    first = mark()
    with store.read() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql("PRAGMA user_version = 7")
        connection.rollback()
    assert mark() == first


def test_a_closed_store_leaves_no_connection_to_be_inherited(store: Store) -> None:
    mark = Commits(store)
    first = mark()
    store.close()
    assert [each.connection for each in mark._marks] == [None, None]  # type: ignore[union-attr]
    assert mark() != first  # counts of two connections cannot be compared
    assert mark() == mark()


def test_a_child_takes_a_connection_of_its_own_and_leaves_its_parent_s(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = Commits(store)
    first, inherited = mark(), mark._marks[0].connection  # type: ignore[union-attr]
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert mark() != first
    assert mark._marks[0].connection is not inherited  # type: ignore[union-attr]
    assert inherited in commits._left_behind
    assert inherited
    assert inherited.execute("select 1").fetchone() == (1,)


def test_a_file_that_is_gone_is_not_taken_for_the_same(store: Store) -> None:
    mark = Commits(store)
    first = mark()
    file = Path(str(store.data.url.database))
    file.rename(away := file.with_name("away.sqlite"))
    gone = mark()
    assert gone != first
    assert mark() != gone  # nothing is known, so nothing is the same
    away.rename(file)
    assert mark() == mark()


def test_an_edition_is_what_it_would_be_if_read_each_time(both: Store) -> None:
    named = Edition(both)
    assert named() == edition(both)
    for moment in ("2021-03-22T00:00:00+00:00", "2021-03-23T00:00:00+00:00"):
        set_store_fact(both, CLOCK, moment)
        assert moment[:10] in named()
        assert named() == edition(both)
