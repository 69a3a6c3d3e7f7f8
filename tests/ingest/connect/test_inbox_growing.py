"""A file in the inbox is taken in when nobody writes to it any more, and not before."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ingest.connect.inbox import take_in
from kms.config import Settings
from kms.domain.intake import IntakeReport
from kms.store.engine import Store
from tests.ingest.connect.conftest import AT, NAME, SAMPLE

NOW = AT.timestamp()
OTHER = "ncr-measures_20260126.csv"  # of the same date: a part of the same issue
QUIET = 5


@dataclass
class Inbox:
    """An inbox, a clock that stands still, and what happens while we wait."""

    store: Store
    settings: Settings
    folder: Path
    waits: list[float] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def put(self, name: str = NAME, text: bytes = SAMPLE, *, age: float = 60) -> Path:
        """Write a file that last changed so many seconds ago."""
        path = self.folder / name
        path.write_bytes(text)
        os.utime(path, (NOW - age, NOW - age))
        return path

    def take(self) -> tuple[list[IntakeReport], list[str]]:
        """Take in what is there."""

        def sleep(seconds: float) -> None:
            self.waits.append(seconds)
            self.meanwhile()

        taken = list(
            take_in(self.store, self.settings, fetched_at=AT, clock=lambda: NOW, sleep=sleep)
        )
        reports = [report for each in taken for report in each.reports]
        return reports, [each.why for each in taken if each.why]


@pytest.fixture
def inbox(store: Store, settings: Settings, tmp_path: Path) -> Inbox:
    """Give an empty inbox."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    changed = {"inbox": folder, "inbox_quiet_seconds": QUIET}
    return Inbox(store, settings.model_copy(update=changed), folder)


def renamed(text: bytes) -> bytes:
    """Return the sample as another part: other measures."""
    return text.replace(b"SAMPLE-M", b"SAMPLE-N")


def test_a_quiet_file_needs_no_second_look(inbox: Inbox) -> None:
    path = inbox.put()
    reports, refusals = inbox.take()
    assert ([r.status for r in reports], refusals, inbox.waits) == (["accepted"], [], [])
    assert not path.exists()


@pytest.mark.parametrize("age", [0, 4, -3600, -86_400 * 400])
def test_a_young_file_or_one_of_the_future_is_looked_at_twice(inbox: Inbox, age: float) -> None:
    inbox.put(age=age)
    reports, refusals = inbox.take()
    assert ([r.status for r in reports], refusals) == (["accepted"], [])
    assert inbox.waits == [QUIET]


def test_a_growing_file_waits_and_that_is_said(inbox: Inbox) -> None:
    path = inbox.put(text=SAMPLE[:500], age=1)
    inbox.meanwhile = lambda: inbox.put(age=1)
    reports, (said,) = inbox.take()
    assert (reports, path.exists()) == ([], True)
    assert said.startswith(
        f"measures: {NAME} is still being written or moved, so its issue (1 file) stays"
    )
    inbox.meanwhile = lambda: None
    reports, refusals = inbox.take()
    assert ([r.status for r in reports], refusals) == (["accepted"], [])


def test_a_file_rewritten_at_the_same_length_is_still_being_written(inbox: Inbox) -> None:
    inbox.put(age=2)
    inbox.meanwhile = lambda: inbox.put(age=1)
    assert inbox.take()[0] == []


def test_an_issue_waits_whole_while_one_part_grows(inbox: Inbox) -> None:
    inbox.put()
    inbox.put(OTHER, renamed(SAMPLE)[:500], age=1)
    inbox.meanwhile = lambda: inbox.put(OTHER, renamed(SAMPLE), age=1)
    reports, (said,) = inbox.take()
    assert reports == []
    assert f"{OTHER} is still being written or moved, so its issue (2 files) stays" in said
    assert len(list(inbox.folder.iterdir())) == 2
    inbox.meanwhile = lambda: None
    (report,), refusals = inbox.take()
    assert (report.rows_read, refusals) == (2 * SAMPLE.count(b"SAMPLE-M"), [])


def test_another_issue_does_not_wait(inbox: Inbox) -> None:
    inbox.put("measures_20260119.csv", SAMPLE)
    inbox.put(text=SAMPLE[:500], age=1)
    inbox.meanwhile = lambda: inbox.put(age=1)
    reports, refusals = inbox.take()
    assert [r.vintage[:19] for r in reports] == ["measures-20260119T0"]
    assert len(refusals) == 1


def test_a_part_that_arrives_while_we_wait_makes_its_issue_wait(inbox: Inbox) -> None:
    inbox.put(age=1)
    inbox.meanwhile = lambda: inbox.put(OTHER, renamed(SAMPLE), age=0)
    reports, (said,) = inbox.take()
    assert (reports, OTHER in said) == ([], True)


def test_a_file_that_goes_away_while_we_wait_does_not_stop_the_others(inbox: Inbox) -> None:
    inbox.put("measures_20260119.csv", SAMPLE)
    gone = inbox.put(age=1)
    inbox.meanwhile = gone.unlink
    reports, (said,) = inbox.take()
    assert [r.status for r in reports] == ["accepted"]
    assert f"{NAME} is still being written or moved" in said


@pytest.mark.parametrize("suffix", [".part", ".tmp", ".crdownload", ".filepart", ".PART"])
def test_names_of_files_on_their_way_are_left_alone(inbox: Inbox, suffix: str) -> None:
    path = inbox.put(NAME + suffix, age=86_400 * 2)
    hidden = inbox.put("." + NAME)
    assert inbox.take() == ([], [])
    assert path.exists()
    assert hidden.exists()


def test_an_issue_waits_for_a_part_on_its_way_for_a_day(inbox: Inbox) -> None:
    inbox.put()
    inbox.put(OTHER + ".part", age=600)
    reports, (said,) = inbox.take()
    assert (reports, f"{OTHER} is still being written" in said) == ([], True)
    inbox.put(OTHER + ".part", age=86_400 * 2)  # given up
    reports, refusals = inbox.take()
    assert ([r.status for r in reports], refusals) == (["accepted"], [])


def test_without_a_quiet_time_everything_is_taken_at_once(inbox: Inbox) -> None:
    inbox.settings = inbox.settings.model_copy(update={"inbox_quiet_seconds": 0})
    inbox.put(age=0)
    reports, refusals = inbox.take()
    assert ([r.status for r in reports], refusals, inbox.waits) == (["accepted"], [], [])


def test_a_date_that_is_none_puts_only_its_own_file_aside(inbox: Inbox) -> None:
    inbox.put("measures_20261399.csv")
    inbox.put()
    reports, (said,) = inbox.take()
    assert [r.status for r in reports] == ["accepted"]
    assert "20261399 in the name is no day of the calendar" in said
    assert (inbox.folder / "refused" / "measures_20261399.csv.reason.txt").exists()
