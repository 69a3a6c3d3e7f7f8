"""Two schedulers on one store, the leader ended now and then: each due time served once."""

from __future__ import annotations

import csv
import signal
import subprocess
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from kms.store.engine import open_store
from kms.store.open import CLOCK, set_store_fact
from kms.store.publications import issues
from tests.conftest import FULL
from tests.ingest.torture.places import Place
from tests.published import NOW, RELEASED, make_published_store, write_cases

SLOTS = 100 if FULL else 6
KILL_EVERY = 15 if FULL else 3  # publications
PATIENCE = 120.0  # seconds for one publication, under any load
FAST = {"KMS_REFRESH_CRON": "*/2 * * * * *", "KMS_SCHEDULER_SECONDS": "1"}


def releases(folder: Path, inbox: Path) -> list[Path]:
    """Write releases of the days after the first, each with one case more."""
    first = write_cases(folder)
    head, *lines = first.read_text(encoding="utf-8").splitlines()
    reported = head.split(",").index("DateRepConf")
    written = []
    for number in range(1, SLOTS + 1):
        day = RELEASED.date() + timedelta(days=number)
        cells = next(csv.reader([lines[-1]]))
        cells[0], cells[reported] = f"C8{number:011d}", (day - timedelta(days=1)).isoformat()
        lines.append(",".join(cells))
        path = inbox.parent / f"DOH COVID Data Drop_ {day:%Y%m%d} - 04 Case Information.csv"
        path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        written.append(path)
    return written


@pytest.mark.torture
def test_each_due_time_is_served_once_whoever_is_ended(tmp_path: Path) -> None:
    place = Place(tmp_path)
    store = make_published_store(place.settings(), synthetic=False)
    far = NOW + timedelta(days=SLOTS + 30)
    set_store_fact(store, CLOCK, far.isoformat())
    store.close()
    place.inbox.mkdir()
    waiting = releases(tmp_path, place.inbox)
    leaders = [place.start("scheduler", **FAST) for _ in range(2)]
    try:
        for number, path in enumerate(waiting, 1):
            path.replace(place.inbox / path.name)
            _until_published(place, RELEASED.date() + timedelta(days=number))
            if number % KILL_EVERY == 0:
                _end_one(leaders, place)
    finally:
        for process in leaders:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
    runs = place.runs()
    slots = Counter(run["slot"] for run in runs)
    assert max(slots.values()) == 1
    made = [run["publication_id"] for run in runs if run["state"] == "published"]
    assert len(made) == len(set(made))
    # A leader may be ended between publishing and saying so: its run is abandoned then.
    ended = [run for run in runs if run["attempt"] != 1 or run["state"] == "abandoned"]
    assert len(made) >= SLOTS - len(ended) >= SLOTS - SLOTS // KILL_EVERY
    assert {r["state"] for r in runs} <= {
        "published",
        "unchanged",
        "abandoned",
        "leased",
        "fetched",
    }
    found = place.look()
    assert (found.accepted, found.doubled, found.drafts) == (2 + SLOTS, 0, 0)
    store = open_store(place.settings())
    with store.read() as connection:
        known = issues(connection)
    store.close()
    assert len(known) == len({issue.inputs_hash for issue in known}) == 1 + SLOTS


def _until_published(place: Place, day: date) -> None:
    """Wait until readers see what was known on a day."""
    deadline = time.monotonic() + PATIENCE
    while True:
        store = open_store(place.settings())
        with store.read() as connection:
            shown = max(issue.as_of for issue in issues(connection)).date()
        store.close()
        if shown >= day:
            return
        assert time.monotonic() < deadline, f"{day} was never published: {place.runs()[-3:]}"
        time.sleep(0.1)


def _end_one(leaders: list[subprocess.Popen[bytes]], place: Place) -> None:
    """End the scheduler that has waited longest, with no warning, and start another."""
    process = leaders.pop(0)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    leaders.append(place.start("scheduler", **FAST))
