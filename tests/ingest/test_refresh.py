"""The nightly work: idempotent, fenced, and never half done, whenever it is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from ingest.load import load
from ingest.nightly.clockwork import last_due, serve_due, trigger_of
from ingest.nightly.refresh import holding_lease, refresh
from ingest.nightly.state import read_state
from ingest.source import source_named
from kms.api.server import create_api
from kms.config import MANILA, Settings
from kms.errors import ConfigError, DataError, FetchError, HeldError, NoDataError
from kms.store import ledger
from kms.store.engine import Store, open_store
from kms.store.fact_tables import CaseCount
from kms.store.fences import insist
from kms.store.migrate import migrate
from kms.store.open import CLOCK, set_store_fact
from kms.store.ops_tables import Run
from kms.store.publications import current_issue, issues, switch, write_draft
from kms.store.tables import EstimateBlob, EstimateSeries, LatestValue, Publication
from tests.published import NOW, make_published_store, write_cases

LATER = "DOH COVID Data Drop_ 20210328 - 04 Case Information.csv"
Fingerprint = tuple[object, ...]


@pytest.fixture
def published(settings: Settings) -> Iterator[Store]:
    """Give a store with one publication."""
    store = make_published_store(settings, synthetic=False)
    set_store_fact(store, CLOCK, (NOW + timedelta(days=8)).isoformat())
    yield store
    store.close()


def later_release(folder: Path) -> Path:
    """Write a release a week younger: the first one, and cases reported since."""
    folder.mkdir(parents=True, exist_ok=True)
    first = write_cases(folder)
    text = first.read_text(encoding="utf-8")
    head, *lines = text.splitlines()
    columns = head.split(",")
    reported = columns.index("DateRepConf")
    more = []
    for number, line in enumerate(lines[-60:]):
        cells = line.split(",")
        cells[0], cells[reported] = f"C9{number:011d}", f"2021-03-{21 + number % 7}"
        more.append(",".join(cells))
    first.unlink()
    path = folder / LATER
    path.write_text("\n".join([head, *lines, *more]) + "\n", encoding="utf-8")
    return path


def seen(store: Store) -> Fingerprint:
    """Return what a reader can see: the publication and every series of it, and the facts."""
    with store.read() as connection:
        issue = current_issue(connection)
        hashes = select(EstimateSeries.indicator, EstimateSeries.area, EstimateSeries.hash)
        series = connection.execute(
            hashes.where(EstimateSeries.publication_id == issue.id).order_by(
                EstimateSeries.indicator, EstimateSeries.area, EstimateSeries.sector
            )
        ).all()
        latest = connection.execute(
            select(func.count(), func.sum(LatestValue.value)).where(
                LatestValue.publication_id == issue.id
            )
        ).one()
        lost = connection.execute(
            select(func.count())
            .select_from(EstimateSeries)
            .outerjoin(EstimateBlob, EstimateBlob.hash == EstimateSeries.hash)
            .where(EstimateBlob.hash.is_(None))
        ).scalar_one()
    return issue.id, tuple(map(tuple, series)), tuple(latest), lost


def facts(store: Store) -> tuple[int, int]:
    """Return how many fact rows there are, and their sum."""
    with store.read() as connection:
        total = select(func.count(), func.sum(CaseCount.cases))
        rows, cases = connection.execute(total).one()
    return rows, cases or 0


def test_a_refresh_without_news_changes_nothing(published: Store, settings: Settings) -> None:
    before = seen(published)
    report = refresh(published, settings)
    assert (report.status, report.published) == ("unchanged", ())
    assert seen(published) == before


def test_what_waits_in_the_inbox_is_taken_in_and_published(
    published: Store, settings: Settings, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    later_release(inbox)
    report = refresh(published, settings.model_copy(update={"inbox": inbox}))
    assert report.status == "published"
    assert [v.status for v in report.vintages] == ["accepted"]
    assert report.publication.startswith("2021-03-28-")
    assert [p.name for p in (inbox / "done").iterdir()] == [LATER]


def test_a_refused_file_is_put_aside_with_its_reason_and_the_old_publication_stays(
    published: Store, settings: Settings, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / LATER).write_text("<html>sign in</html>", encoding="utf-8")
    before = seen(published)
    report = refresh(published, settings.model_copy(update={"inbox": inbox}))
    assert report.status == "unchanged"
    assert "is a web page" in report.refusals[0]
    assert "is a web page" in (inbox / "refused" / f"{LATER}.reason.txt").read_text("utf-8")
    assert seen(published) == before


def test_the_demonstration_takes_nothing_from_an_inbox(settings: Settings, tmp_path: Path) -> None:
    store = make_published_store(settings, synthetic=True)
    later_release(tmp_path / "inbox")
    with pytest.raises(DataError, match="synthetic demonstration data"):
        refresh(store, settings.model_copy(update={"inbox": tmp_path / "inbox"}))
    assert [p.name for p in (tmp_path / "inbox").iterdir()] == [LATER]
    store.close()


def test_a_missing_inbox_says_so_and_the_run_is_recorded_as_failed(
    published: Store, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="which is no folder"):
        refresh(published, settings.model_copy(update={"inbox": tmp_path / "nowhere"}))
    with published.read_ops() as operations:
        assert ledger.recent_runs(operations, 1)[0]["state"] == "failed"


def test_nothing_to_publish_says_so(store: Store, settings: Settings) -> None:
    with pytest.raises(NoDataError, match="nothing to publish"):
        refresh(store, settings)


def test_a_late_issue_gets_its_own_publication_and_readers_keep_the_newest(
    published: Store, settings: Settings, tmp_path: Path
) -> None:
    early = write_cases(tmp_path).rename(tmp_path / LATER.replace("0328", "0314"))
    lines = early.read_text(encoding="utf-8").splitlines()
    reported = lines[0].split(",").index("DateRepConf")
    kept = [lines[0]] + [x for x in lines[1:] if x.split(",")[reported] <= "2021-03-13"]
    early.write_text("\n".join(kept) + "\n", encoding="utf-8")
    source = source_named("doh_case_information")
    load(published, settings, source, [early], fetched_at=NOW)
    report = refresh(published, settings)
    with published.read() as connection:
        shown, known = current_issue(connection), issues(connection)
    assert shown.as_of == datetime(2021, 3, 21, 8, tzinfo=UTC)
    assert any(issue.id.startswith("2021-03-14-") for issue in known)
    assert report.publication == shown.id


def test_two_refreshes_at_once_are_refused(published: Store, settings: Settings) -> None:
    ledger.take_lease(published, "refresh", "elsewhere:1", datetime.now(UTC), gone=lambda _h: False)
    with pytest.raises(HeldError, match="another refresh is at work"):
        refresh(published, settings)


def test_who_lost_the_lease_publishes_nothing(published: Store, settings: Settings) -> None:
    with holding_lease(published) as fence:
        ledger.take_lease(
            published, "refresh", "other:1", datetime.now(UTC), gone=lambda _holder: True
        )
        with published.write() as connection, pytest.raises(HeldError, match="has taken over"):
            insist(connection, fence)


def test_what_dead_processes_left_is_swept_away(published: Store, settings: Settings) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], check=True,
                           capture_output=True, text=True).stdout.strip()  # fmt: skip
    old, young = (settings.home / "tmp" / f"load-{pid}-x" for pid in (ended, os.getpid()))
    for folder in (old, young):
        folder.mkdir(parents=True)
    with published.read() as connection:
        shown = current_issue(connection)
    write_draft(published, replace(shown, id="left behind"), [])
    refresh(published, settings)
    assert (old.exists(), young.exists()) == (False, True)
    with published.read() as connection:
        states = connection.execute(select(Publication.state)).scalars().all()
    assert "draft" not in states


MORNING = datetime(2026, 11, 16, 3, tzinfo=UTC)
DUE = datetime(2026, 11, 15, 18, 10, tzinfo=UTC)


def serve(store: Store, settings: Settings, moment: datetime) -> bool:
    """Look at a moment whether something is due."""
    return serve_due(store, settings, lambda: moment)


def runs(store: Store) -> list[dict[str, Any]]:
    """Return every run as the ledger has it, oldest due time first."""
    with store.read_ops() as operations:
        found = operations.execute(select(Run.__table__).order_by(Run.slot)).mappings()
        return [dict(row) for row in found]


def test_a_missed_night_is_caught_up_once(published: Store, settings: Settings) -> None:
    assert last_due(trigger_of(settings), MORNING) == DUE
    assert serve(published, settings, MORNING)
    assert not serve(published, settings, MORNING + timedelta(minutes=1))
    assert serve(published, settings, MORNING + timedelta(days=3))
    assert not serve(published, settings, MORNING + timedelta(days=3, minutes=1))
    served = [(r["slot"], r["state"], r["catch_up"], r["attempt"]) for r in runs(published)]
    assert served == [
        (DUE, "unchanged", False, 1),
        (DUE + timedelta(days=3), "unchanged", True, 1),
    ]


def test_a_clock_that_jumped_makes_no_second_run_and_loses_no_night(
    published: Store, settings: Settings
) -> None:
    assert serve(published, settings, MORNING)
    assert not serve(published, settings, MORNING - timedelta(hours=1))
    assert serve(published, settings, MORNING + timedelta(days=30))  # ahead by a month
    assert serve(published, settings, MORNING + timedelta(days=1))  # and right again
    assert [r["attempt"] for r in runs(published)] == [1, 1, 1]


def test_a_lease_taken_under_a_clock_far_ahead_keeps_nobody_out(published: Store) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    ledger.take_lease(published, "refresh", "elsewhere:1", ahead, gone=lambda _h: False)
    with holding_lease(published) as fence:
        assert fence == 2


def test_an_operations_store_made_anew_shuts_nobody_out(
    published: Store, settings: Settings
) -> None:
    for _ in range(3):
        refresh(published, settings)
    published.close()
    for path in settings.home.glob("ops.sqlite*"):
        path.unlink()
    again = open_store(settings)
    migrate(again)
    with holding_lease(again) as fence:
        assert fence == 4
    again.close()


def test_a_run_that_died_is_tried_again_under_its_own_due_time(
    published: Store, settings: Settings
) -> None:
    fence = ledger.take_lease(published, "refresh", "here:1", MORNING, gone=lambda _h: False)
    ledger.begin(published, "refresh", DUE, fence, at=MORNING)
    assert not serve(published, settings, MORNING + timedelta(seconds=30))  # its lease lasts
    assert serve(published, settings, MORNING + timedelta(seconds=90))
    (run,) = runs(published)
    assert (run["slot"], run["attempt"], run["state"]) == (DUE, 2, "unchanged")


def test_a_run_taken_over_writes_nothing_more(published: Store) -> None:
    late = ledger.take_lease(published, "refresh", "here:1", MORNING, gone=lambda _h: False)
    attempt = ledger.begin(published, "refresh", DUE, late, at=MORNING)
    ledger.take_lease(published, "refresh", "there:1", MORNING, gone=lambda _h: True)
    with pytest.raises(HeldError, match="has taken over"):
        ledger.advance(published, attempt, ledger.FETCHED, MORNING)
    with pytest.raises(HeldError, match="has taken over"):
        ledger.end(published, attempt, ledger.Ending(ledger.PUBLISHED), MORNING)
    assert [r["state"] for r in runs(published)] == ["abandoned"]
    with published.read() as connection:
        before = current_issue(connection)
    with pytest.raises(HeldError, match="has taken over"):
        switch(published, before.id, current=True, fence=late)


def test_a_due_time_is_served_by_one_of_two(published: Store, settings: Settings) -> None:
    refresh(published, settings, slot=DUE)
    with pytest.raises(HeldError, match="is unchanged and is not tried again"):
        refresh(published, settings, slot=DUE)


def test_a_fault_a_person_must_mend_is_not_tried_again(store: Store, settings: Settings) -> None:
    for minute in range(5):
        assert not serve(store, settings, MORNING + timedelta(minutes=minute))
    (run,) = runs(store)
    assert (run["state"], run["attempt"], run["next_try_at"]) == ("failed", 1, None)
    assert run["error_code"] == "NoDataError"


def test_a_fault_that_may_pass_is_tried_again_ever_later(
    published: Store, settings: Settings, tmp_path: Path
) -> None:
    absent = settings.model_copy(update={"inbox": tmp_path / "not mounted"})
    tried = [n for n in range(60) if _tries(published, absent, MORNING + timedelta(minutes=n))]
    (run,) = runs(published)
    assert (run["state"], run["attempt"], run["next_try_at"]) == ("failed", 4, None)
    assert tried[0] == 0
    # A minute, five and fifteen after, each up to a fifth longer.
    first, second, third = (b - a for a, b in pairwise(tried))
    assert (first, second) == (2, 6)
    assert third in (16, 17, 18)


def _tries(store: Store, settings: Settings, moment: datetime) -> bool:
    before = [run["attempt"] for run in runs(store)]
    assert not serve(store, settings, moment)
    return [run["attempt"] for run in runs(store)] != before


def test_a_night_nobody_served_is_told_even_if_no_scheduler_ever_ran(
    published: Store, settings: Settings
) -> None:
    def told(moment: datetime) -> list[str]:
        found = read_state(published, settings, moment).problems
        return [problem for problem in found if "was not done" in problem]

    assert told(MORNING)[0].startswith(
        "the refresh due at 2026-11-16 02:10 was not done (the last was for never)"
    )
    assert serve(published, settings, MORNING)
    assert told(MORNING) == []
    assert told(DUE + timedelta(days=1, minutes=30)) == []
    assert "2026-11-17 02:10 was not done" in told(DUE + timedelta(days=1, hours=2))[0]


def test_readiness_tells_whether_the_scheduler_lives(published: Store, settings: Settings) -> None:
    client = create_api(published).test_client()
    assert client.get("/readyz").get_json()["scheduler"] == "never"
    serve_due(published, settings)
    told = client.get("/readyz").get_json()
    assert (told["status"], told["scheduler"]) == ("ready", "alive")
    assert datetime.fromisoformat(told["refreshed_for"]) == last_due(
        trigger_of(settings), datetime.now(UTC)
    )
    ledger.beat(published, ledger.SCHEDULER, datetime.now(UTC) - timedelta(minutes=6))
    assert client.get("/readyz").get_json()["scheduler"] == "silent"


def test_a_schedule_may_begin_with_seconds(settings: Settings) -> None:
    fast = trigger_of(settings.model_copy(update={"refresh_cron": "*/20 10 2 * * mon"}))
    monday = datetime(2026, 11, 16, 2, 10, tzinfo=MANILA)
    assert last_due(fast, monday + timedelta(seconds=30)) == monday + timedelta(seconds=20)
    assert last_due(fast, monday - timedelta(seconds=1)) == monday - timedelta(days=7, seconds=-40)


@pytest.mark.parametrize(
    ("weekdays", "due"),
    [
        ("0", 25),
        ("7", 25),
        ("1", 26),
        ("1-5", 28),
        ("sun", 25),
        ("6,2", 27),
        ("*/2", 27),
        ("*", 28),
    ],
)
def test_weekdays_are_numbered_as_cron_numbers_them(
    settings: Settings, weekdays: str, due: int
) -> None:
    trigger = trigger_of(settings.model_copy(update={"refresh_cron": f"10 2 * * {weekdays}"}))
    wednesday = datetime(2026, 1, 28, 12, tzinfo=MANILA)
    assert last_due(trigger, wednesday) == datetime(2026, 1, due, 2, 10, tzinfo=MANILA)


def test_a_schedule_that_cannot_be_read_says_so(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="KMS_REFRESH_CRON"):
        trigger_of(settings.model_copy(update={"refresh_cron": "at night"}))
