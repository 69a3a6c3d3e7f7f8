"""The nightly work: idempotent, fenced, and never half done, whenever it is killed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ingest.load import load
from ingest.nightly.clockwork import last_due, serve_due, trigger_of
from ingest.nightly.refresh import holding_lease, refresh
from ingest.source import source_named
from kms.config import ROOT, Settings
from kms.errors import ConfigError, DataError, FetchError, HeldError, NoDataError
from kms.store import ledger
from kms.store.engine import Store, open_store
from kms.store.fact_tables import CaseCount
from kms.store.open import CLOCK, set_store_fact
from kms.store.publications import current_issue, issues, write_draft
from kms.store.tables import EstimateBlob, EstimateSeries, LatestValue, Publication
from tests.conftest import FULL
from tests.published import NOW, make_published_store, write_cases

KILLS = 200 if FULL else 20
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
        assert not ledger.still_ours(published, "refresh", fence)


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


def test_a_missed_night_is_caught_up_once(published: Store, settings: Settings) -> None:
    moment = datetime(2026, 11, 16, 3, tzinfo=UTC)
    assert last_due(trigger_of(settings), moment) == datetime(2026, 11, 15, 18, 10, tzinfo=UTC)
    assert serve_due(published, settings, moment)
    assert not serve_due(published, settings, moment + timedelta(minutes=1))
    assert serve_due(published, settings, moment + timedelta(days=3))
    assert not serve_due(published, settings, moment + timedelta(days=3, minutes=1))


def test_a_failing_night_is_tried_three_times(store: Store, settings: Settings) -> None:
    moment = datetime(2026, 11, 16, 3, tzinfo=UTC)
    for minute in range(5):
        assert not serve_due(store, settings, moment + timedelta(minutes=minute))
    with store.read_ops() as operations:
        assert len(ledger.recent_runs(operations, 10)) == 3


def test_a_schedule_that_cannot_be_read_says_so(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="KMS_REFRESH_CRON"):
        trigger_of(settings.model_copy(update={"refresh_cron": "at night"}))


def run_refresh(home: Path, inbox: Path) -> subprocess.Popen[bytes]:
    """Start the real command."""
    environment = os.environ | {"KMS_HOME": str(home), "KMS_INBOX": str(inbox)}
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", str(ROOT / "app.py"), "refresh", "--quiet"],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.torture
def test_killed_at_any_moment_the_store_shows_the_old_or_the_new_publication(
    published: Store, settings: Settings, tmp_path: Path
) -> None:
    settled = tmp_path / "settled"
    waiting = tmp_path / "waiting"
    later_release(waiting)
    old = seen(published), facts(published)
    published.close()
    shutil.copytree(settings.home, settled)

    def fresh() -> tuple[Path, Path]:
        home, inbox = tmp_path / "killed", tmp_path / "inbox"
        for folder, source in ((home, settled), (inbox, waiting)):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(source, folder)
        return home, inbox

    home, inbox = fresh()
    started = time.monotonic()
    whole = run_refresh(home, inbox)
    _, said = whole.communicate(timeout=300)
    lasted = time.monotonic() - started
    assert whole.returncode == 0, said.decode()
    new = look(home)
    assert new[0] != old[0]
    met = set()
    for chance in random.Random(7).sample(range(1000), KILLS):  # noqa: S311  # not a secret
        home, inbox = fresh()
        process = run_refresh(home, inbox)
        time.sleep(lasted * (0.1 + 0.9 * chance / 1000))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        visible, counted = look(home)
        assert visible in (old[0], new[0])
        assert counted in (old[1], new[1])
        assert visible == old[0] or counted == new[1]
        met.add((visible == new[0], counted == new[1]))
    assert (False, False) in met
    again = run_refresh(home, inbox)
    _, said = again.communicate(timeout=300)
    assert again.returncode == 0, said.decode()
    assert look(home) == new
    assert drafts(home) == 0


def look(home: Path) -> tuple[Fingerprint, tuple[int, int]]:
    """Return what the store under a folder shows."""
    store = open_store(Settings(home=home))
    try:
        return seen(store), facts(store)
    finally:
        store.close()


def drafts(home: Path) -> int:
    """Return how many unfinished publications are left."""
    store = open_store(Settings(home=home))
    try:
        with store.read() as connection:
            unfinished = select(func.count()).where(Publication.state == "draft")
            return connection.execute(unfinished).scalar_one()
    finally:
        store.close()
