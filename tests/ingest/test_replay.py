"""A store made again from its snapshots says what the lost one said, on both engines."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as held_to
from hypothesis import strategies as st
from sqlalchemy import select

from ingest.desk.release import release, withdraw
from ingest.load import load
from ingest.nightly.refresh import refresh
from ingest.replay import DIFFERENT, EQUAL, UNREADABLE, replay, target_settings
from ingest.source import source_named
from kms.compute.self_audit import FACT as SELF_AUDIT
from kms.config import MANILA, ROOT, Settings, now
from kms.errors import ConfigError, ContractError, DataError, FetchError, KmsError
from kms.store.engine import Store, open_store
from kms.store.facts import FACT_TABLES, fact_table, known_at, read_columns
from kms.store.migrate import migrate
from kms.store.open import is_synthetic
from kms.store.publications import current_issue, issues, roll_back
from kms.store.record import read_record, series_digest, settle_events
from kms.store.snapshots import add_events, check_parts, folders, read_events
from kms.store.tables import FaultCount, Vintage
from kms.store.vintages import (
    alarms,
    changes_of,
    vintage_named,
    vintages,
    withdraw_vintage,
)
from kms.store.waivers import add_waiver, new_waiver, waivers
from tests.conftest import FULL
from tests.ingest.test_refresh import later_release
from tests.ingest.test_tripwires import FIRST, people, written
from tests.published import make_published_store

CASES = source_named("doh_case_information")
BEDS = source_named("doh_ttmf")
SAMPLE = ROOT / "data" / "sample"
WHY = "checked with the Bureau"


def take(store: Store, settings: Settings, days: int, *, day: int, a_day: int = 15) -> str:
    """Take a line list of so many days in, published on a day; return the vintage's name."""
    folder = settings.home / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    path = (
        folder
        / f"DOH COVID Data Drop_ {FIRST + timedelta(days=day):%Y%m%d} - 04 Case Information.csv"
    )
    path.write_text(written(people(days, a_day)), encoding="utf-8")
    return load(store, settings, CASES, [path], fetched_at=now())[0].vintage


def take_beds(store: Store, settings: Settings, occupied: int, *, day: str) -> str:
    """Take a report of isolation beds of one day in: others are left standing."""
    (sample,) = SAMPLE.glob("*Quarantine Facility*")
    with sample.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["reportdate"] == day]
    path = settings.home / "incoming" / f"{occupied} of {day} - {sample.name[-48:]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(
            {**row, "isolbed_o": str(min(occupied, int(row["isolbed_v"])))} for row in rows
        )
    at_noon = datetime.fromisoformat(f"{day}T12:00+08:00") + timedelta(hours=occupied)
    return load(store, settings, BEDS, [path], fetched_at=now(), at=at_noon)[0].vintage


def said(store: Store) -> dict[str, Any]:
    """Return everything a store says, its own numbering left out."""
    with store.read() as connection:
        names = {row["id"]: row["name"] for row in vintages(connection)}
        rows = {
            row["name"]: (
                {key: value for key, value in row.items() if key != "id"},
                changes_of(connection, row["id"]),
                alarms(connection, row["id"]),
            )
            for row in vintages(connection)
        }
        facts = {
            name: sorted(
                (
                    names[row["vintage_id"]],
                    *map(str, (v for k, v in row.items() if k != "vintage_id")),
                )
                for row in connection.execute(select(fact_table(name))).mappings()
            )
            for name in FACT_TABLES
        }
        faults = sorted(
            (names[f.vintage_id], f.grade, f.code, f.field, f.rows)
            for f in connection.execute(select(FaultCount.__table__))
        )
        shown = {
            issue.id: (replace(issue, facts={}), series_digest(connection, issue.id))
            for issue in issues(connection)
        }
        current = current_issue(connection).id if shown else ""
        given = [{k: v for k, v in w.items() if k != "id"} for w in waivers(connection, FIRST)]
    return {
        "vintages": rows,
        "facts": facts,
        "faults": faults,
        "publications": shown,
        "current": current,
        "waivers": given,
    }


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[Store]:
    """Give an empty data store beside the one in use, on each engine in turn."""
    url = f"sqlite:///{tmp_path / 'again.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    opened = open_store(target_settings(settings, url))
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def published(settings: Settings) -> Iterator[Store]:
    """Give a store with two publications, of cases and inspections."""
    store = make_published_store(settings, synthetic=False)
    with_inbox = settings.model_copy(update={"inbox": settings.home / "inbox"})
    later_release(settings.home / "inbox")
    refresh(store, with_inbox)
    settle_events(store, settings)
    yield store
    store.close()


def eventful(store: Store, settings: Settings) -> list[str]:
    """Take in, hold, release and withdraw, out of order; return the names of the vintages."""
    today = now().astimezone(MANILA).date()
    waiver = new_waiver(CASES.source_id, "total_shrank", subject="", who="Ana", why=WHY,
                        until=f"{today:%Y-%m-%d}", today=today)  # fmt: skip
    names = [take(store, settings, 40, day=40), take(store, settings, 45, day=45)]
    names.append(take(store, settings, 42, day=42))  # late
    names += [take(store, settings, 45, day=46), take(store, settings, 45, day=47)]  # both held
    release(store, settings, names[3], WHY)
    names.append(take(store, settings, 20, day=48))  # held, too
    withdraw(store, settings, names[5], "half of it is missing")
    withdraw(store, settings, names[2], "sent by mistake")
    names.append(take(store, settings, 41, day=42))  # in the place of the withdrawn one
    add_waiver(store, waiver, now())
    names.append(take(store, settings, 41, day=49))
    names += [
        take_beds(store, settings, n, day=f"2026-01-2{d}") for n, d in ((3, 3), (1, 4), (2, 3))
    ]
    return names


def states(store: Store, names: list[str]) -> list[str]:
    """Return the states of vintages."""
    with store.read() as connection:
        return [vintage_named(connection, name)["state"] for name in names]


def test_a_published_store_is_made_again_with_every_figure(
    published: Store, settings: Settings, empty: Store
) -> None:
    before = said(published)
    assert len(before["publications"]) == 2
    report = replay(empty, settings)
    assert said(empty) == before
    assert (report.status, report.publications, report.publication) == (EQUAL, 2, before["current"])


def test_how_earlier_ranges_held_is_found_again(
    store: Store, settings: Settings, empty: Store
) -> None:
    """Also where earlier publications are older than those the refresh makes by itself."""
    newest_only = settings.model_copy(update={"edition_days": 0})
    for days in (60, 67, 100):
        take(store, settings, days, day=days)
        refresh(store, newest_only)
    with store.read() as connection:
        held = current_issue(connection).facts[SELF_AUDIT]
    compared = {row[0]: row[4] for row in held if row[1] == 0.95 and row[2] is row[3] is None}
    assert compared["r_t"] > 0
    report = replay(empty, newest_only)
    assert (report.status, report.publications) == (EQUAL, 3)
    with empty.read() as connection:
        assert current_issue(connection).facts[SELF_AUDIT] == held


def test_what_was_held_released_and_withdrawn_is_so_again(
    store: Store, settings: Settings, empty: Store
) -> None:
    names = eventful(store, settings)
    assert states(store, names) == [
        "accepted", "accepted", "withdrawn", "accepted", "held", "withdrawn", "accepted",
        "accepted", "accepted", "held", "accepted",
    ]  # fmt: skip
    settle_events(store, settings)
    report = replay(empty, settings)
    before, again = said(store), said(empty)
    assert again["vintages"] == before["vintages"]
    assert again["facts"] == before["facts"]
    assert (again["faults"], again["waivers"]) == (before["faults"], before["waivers"])
    assert (report.status, report.vintages) == (EQUAL, len(names))
    with store.read() as connection:
        cuts = [row["published_at"] for row in vintages(connection)]
    for source_id, table in ((CASES.source_id, "case_count"), (BEDS.source_id, "capacity")):
        for cut in cuts:
            assert known(empty, source_id, table, cut) == known(store, source_id, table, cut)


def known(store: Store, source_id: str, table: str, as_of: datetime) -> list[tuple[Any, ...]]:
    """Return all that was known at an instant."""
    with store.read() as connection:
        columns = read_columns(connection, known_at(fact_table(table), source_id, as_of))
    return sorted(zip(*columns.values(), strict=True))


def test_the_events_tell_who_let_what_pass(store: Store, settings: Settings) -> None:
    name = eventful(store, settings)[7]
    came = next(
        e for f in folders(settings.snapshots) for e in read_events(f) if e["vintage"] == name
    )
    assert came["state"] == "accepted"
    assert {(w["code"], w["who"], w["why"]) for w in came["waived"]} == {
        ("total_shrank", "Ana", WHY)
    }


def test_what_a_process_that_died_did_not_tell_is_told_from_the_store(
    store: Store, settings: Settings, empty: Store
) -> None:
    names = eventful(store, settings)
    told = {f: read_events(f) for f in folders(settings.snapshots)}
    lines = sum(map(len, told.values()))
    for number, folder in enumerate(told):
        file = folder / "events.jsonl"
        whole = file.read_bytes()
        # Nothing told; the last line cut off; all but the coming.
        (file.unlink(), file.write_bytes(whole[:-9]), file.write_bytes(whole))[number % 3]  # type: ignore[func-returns-value]
        if number % 3 != 1:
            file.write_bytes(b"" if number % 3 == 0 else whole)
    (settings.snapshots / "store.json").unlink()
    assert settle_events(store, settings) > 0
    assert settle_events(store, settings) == 0
    assert sum(len(read_events(f)) for f in told) == lines
    assert replay(empty, settings).status == EQUAL
    assert said(empty)["vintages"] == said(store)["vintages"]
    assert states(empty, names) == states(store, names)


def test_a_withdrawal_nobody_told_is_seen_from_the_vintage_in_its_place(
    store: Store, settings: Settings, empty: Store
) -> None:
    wrong = take(store, settings, 40, day=40)
    withdraw_vintage(store, wrong, "the process died here")
    right = take(store, settings, 39, day=40)
    report = replay(empty, settings)
    assert states(empty, [wrong, right]) == ["withdrawn", "accepted"]
    assert report.vintages == 2


def test_an_event_is_told_once_and_a_line_cut_off_is_mended(tmp_path: Path) -> None:
    one, two = ({"event": "taken_in", "vintage": name} for name in "ab")
    assert add_events(tmp_path, [one]) == 1
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "withdr')
    assert read_events(tmp_path) == [one]
    assert add_events(tmp_path, [one, two]) == 1
    assert read_events(tmp_path) == [one, two]
    (tmp_path / "events.jsonl").write_text("[]\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 1, is no event"):
        read_events(tmp_path)


def test_a_rolled_back_publication_is_not_shown_again(
    published: Store, settings: Settings, empty: Store
) -> None:
    roll_back(published)
    settle_events(published, settings)
    replay(empty, settings)
    assert said(empty)["publications"] == said(published)["publications"]
    assert said(empty)["current"] == said(published)["current"]


def test_a_filled_store_is_not_filled_again(published: Store, settings: Settings) -> None:
    with pytest.raises(ConfigError, match="fills an empty one; name another with --into"):
        replay(published, settings)


def test_snapshots_that_do_not_tell_whose_they_are_cannot_be_replayed(
    store: Store, settings: Settings, empty: Store
) -> None:
    take(store, settings, 40, day=40)
    (settings.snapshots / "store.json").unlink()
    with pytest.raises(FetchError, match="nobody can tell whether these data are real"):
        replay(empty, settings)


def test_a_demonstration_stays_one(settings: Settings, empty: Store) -> None:
    store = make_published_store(settings, synthetic=True)
    settle_events(store, settings)
    assert replay(empty, settings).status == EQUAL
    with empty.read() as connection:
        assert is_synthetic(connection)
    assert said(empty) == said(store)
    store.close()


def test_raw_files_that_were_removed_are_named(
    store: Store, settings: Settings, empty: Store
) -> None:
    names = [take(store, settings, days, day=days) for days in (40, 41)]
    held = take(store, settings, 41, day=42)
    for name in (names[0], held):
        for packed in snapshot_of(store, settings, name).glob("*.zst"):
            packed.unlink()
    report = replay(empty, settings)
    assert (report.status, report.missing, report.unchecked) == (DIFFERENT, [names[0]], [held])
    assert states(empty, [names[1], held]) == ["accepted", "held"]
    path = settings.home / "incoming"
    (first,) = path.glob("*20210219*")
    load(store, settings, CASES, [first], fetched_at=now())  # taken in anew, the raw file is back
    check_parts(snapshot_of(store, settings, names[0]))


def test_a_snapshot_that_is_gone_whole_is_named(
    store: Store, settings: Settings, empty: Store
) -> None:
    names = [take(store, settings, days, day=days) for days in (40, 41)]
    settle_events(store, settings)
    shutil.rmtree(snapshot_of(store, settings, names[0]))
    assert replay(empty, settings).missing == [names[0]]


def test_damaged_raw_files_are_told_and_nothing_is_published(
    published: Store, settings: Settings, empty: Store
) -> None:
    with published.read() as connection:
        name = vintages(connection)[0]["name"]
    (packed,) = snapshot_of(published, settings, name).glob("*.zst")
    packed.write_bytes(packed.read_bytes()[:-20])
    report = replay(empty, settings)
    assert (report.status, len(report.unreadable), report.publication) == (UNREADABLE, 1, "")
    assert "cannot be unpacked" in report.unreadable[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "garbage"), ("state", None), ("recorded_at", "2020-05-05T00:00:00"),
        ("published_at", "2020-05-05T08:00:00+00:00"), ("published_at", "lately"),
        ("snapshot_sha256", "0" * 64), ("parser_version", "two"), ("alarms", [1]),
        ("vintage", ["a"]), ("note", None), ("event", "forgotten"), ("content_hash", None),
    ],
)  # fmt: skip
def test_an_event_that_cannot_have_happened_is_refused(
    store: Store, settings: Settings, empty: Store, name: str, value: object
) -> None:
    vintage = take(store, settings, 40, day=40)
    path = snapshot_of(store, settings, vintage) / "events.jsonl"
    event = {**json.loads(path.read_text("utf-8")), name: value}
    path.write_text(json.dumps(event) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 1, tells nothing that became of this snapshot"):
        replay(empty, settings)
    with empty.read() as connection:
        assert vintages(connection) == []


@pytest.mark.parametrize(
    "change",
    [
        {"facts": {"a": "b"}}, {"facts": None}, {"waivers": [{"a": 1}]}, {"vintages": "x"},
        {"publications": [{"id": "x"}]}, {"publications": -1},
    ],
)  # fmt: skip
def test_a_record_that_leaves_out_what_a_store_is_made_of_is_refused(
    store: Store, settings: Settings, empty: Store, change: dict[str, object]
) -> None:
    take(store, settings, 40, day=40)
    settle_events(store, settings)
    path = settings.snapshots / "store.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **change}), encoding="utf-8")
    with pytest.raises(DataError, match="put it back from a copy"):
        replay(empty, settings)


def test_a_part_that_lies_outside_its_snapshot_is_not_read(
    store: Store, settings: Settings, empty: Store
) -> None:
    folder = snapshot_of(store, settings, take(store, settings, 40, day=40))
    (packed,) = folder.glob("*.zst")
    packed.replace(folder.parent / packed.name)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["parts"] = {f"../{name}": digest for name, digest in manifest["parts"].items()}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    report = replay(empty, settings)
    assert (report.status, report.vintages) == (UNREADABLE, 0)
    assert "manifest.json' is damaged" in report.unreadable[0]


def test_what_is_read_otherwise_now_is_told_with_both_hashes(
    store: Store, settings: Settings, empty: Store
) -> None:
    name = take(store, settings, 40, day=40)
    file = snapshot_of(store, settings, name) / "events.jsonl"
    event = json.loads(file.read_text(encoding="utf-8"))
    recorded = event["content_hash"]
    then = {**event, "content_hash": "0" * 64, "parser_version": 0}
    file.write_text(json.dumps(then) + "\n", encoding="utf-8")
    report = replay(empty, settings)
    (other,) = report.otherwise
    assert (report.status, other.vintage) == (DIFFERENT, name)
    assert (other.content_hash, other.content_hash_now) == ("0" * 64, recorded)
    assert (other.parser_version, other.parser_version_now) == (0, CASES.parser_version)
    assert f"read otherwise now: {name}" in "\n".join(report.lines())


def test_a_snapshot_of_which_nothing_came_is_counted(
    store: Store, settings: Settings, empty: Store
) -> None:
    take(store, settings, 40, day=40)
    with pytest.raises(ContractError, match="another content"):
        take(store, settings, 39, day=40)
    report = replay(empty, settings)
    assert (report.status, report.vintages, report.snapshots_unused) == (EQUAL, 1, 1)


def test_a_store_that_was_lost_is_not_begun_anew_beside_its_snapshots(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    take(store, settings, 40, day=40)
    other = target_settings(settings, f"sqlite:///{tmp_path / 'other.sqlite'}")
    fresh = open_store(other)
    migrate(fresh)
    with pytest.raises(ConfigError, match="belong to another data store than this one"):
        take(fresh, other, 41, day=41)
    with pytest.raises(ConfigError, match="make it anew with `kms replay`"):
        settle_events(fresh, other)
    assert replay(fresh, other).status == EQUAL
    take(fresh, other, 41, day=41)
    assert settle_events(fresh, other) == 0
    fresh.close()


def test_a_store_from_before_gets_its_record(
    store: Store, settings: Settings, empty: Store
) -> None:
    names = eventful(store, settings)
    for folder in folders(settings.snapshots):
        (folder / "events.jsonl").unlink()
    (settings.snapshots / "store.json").unlink()
    assert settle_events(store, settings) >= len(names)
    record = read_record(settings)
    assert record is not None
    assert sorted(names) == list(record.vintages)
    assert replay(empty, settings).status == EQUAL


@pytest.mark.torture
@held_to(max_examples=60 if FULL else 5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_history_is_made_again(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    store, other = (
        open_store(settings),
        target_settings(settings, f"sqlite:///{settings.home}/b.db"),
    )
    migrate(store)
    names: list[str] = []
    for _ in range(data.draw(st.integers(2, 7))):
        act = data.draw(st.sampled_from(["load", "load", "beds", "release", "withdraw"]))
        try:
            if act == "load":
                days, later = data.draw(st.integers(9, 12)), data.draw(st.integers(0, 3))
                names.append(take(store, settings, days, day=12 + later, a_day=4))
            elif act == "beds":
                day = data.draw(st.sampled_from(["2026-01-23", "2026-01-24"]))
                names.append(take_beds(store, settings, data.draw(st.integers(0, 5)), day=day))
            elif names:
                chosen = data.draw(st.sampled_from(names))
                (release if act == "release" else withdraw)(store, settings, chosen, WHY)
        except KmsError:
            continue  # a rival of its instant, or nothing to release
    again = open_store(other)
    migrate(again)
    if names:
        settle_events(store, settings)
        assert replay(again, other).status == EQUAL
    assert said(again)["vintages"] == said(store)["vintages"]
    assert said(again)["facts"] == said(store)["facts"]
    again.close()
    store.close()


def snapshot_of(store: Store, settings: Settings, name: str) -> Path:
    """Return the folder of a vintage's snapshot."""
    with store.read() as connection:
        return settings.snapshots / str(vintage_named(connection, name)["snapshot_path"])


def kms(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the real command."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "app.py"), *words],
        cwd=ROOT, env=os.environ | {"KMS_HOME": str(home)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_the_commands_make_a_lost_store_again_and_verify_it(
    published: Store, settings: Settings, tmp_path: Path
) -> None:
    home = settings.home
    published.close()
    beside = kms(home, "replay", "--into", f"sqlite:///{tmp_path / 'b.sqlite'}", "--json")
    assert beside.returncode == 0, beside.stderr
    told = json.loads(beside.stdout)
    assert (told["status"], told["publications"], told["vintages"]) == ("equal", 2, 3)
    used = kms(home, "replay")
    assert (used.returncode, "name another with --into" in used.stderr) == (2, True)
    for file in home.glob("data.sqlite*"):
        file.unlink()
    again = kms(home, "replay")
    assert again.returncode == 0, again.stderr
    assert "3 vintages are put back" in again.stdout
    whole = kms(home, "verify", "--snapshots")
    assert whole.returncode == 0, whole.stderr
    assert "raw files of 3 vintages are as their manifests say" in whole.stdout
    first, second, _ = sorted(home.glob("snapshots/*/*/*.zst"))
    first.unlink()
    assert "raw files of 2 vintages are there" in kms(home, "verify").stdout
    second.write_bytes(b"something else")
    damaged = kms(home, "verify", "--snapshots")
    assert (damaged.returncode, "cannot be unpacked" in damaged.stderr) == (3, True)
    for file in home.glob("data.sqlite*"):
        file.unlink()
    broken = kms(home, "replay")
    assert broken.returncode == 4, broken.stdout + broken.stderr
    assert "cannot be read" in broken.stdout


def test_the_store_knows_when_it_was_decided(store: Store, settings: Settings) -> None:
    before = datetime.now(UTC)
    name = take(store, settings, 40, day=40)
    withdraw(store, settings, name, "sent by mistake")
    with store.read() as connection:
        at = connection.execute(select(Vintage.decided_at)).scalar_one()
    assert at is not None
    assert before <= at <= datetime.now(UTC)
