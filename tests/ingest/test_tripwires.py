"""Tripwires: what is held for a steward, what a waiver lets pass, what a release does."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ingest.desk.release import release
from ingest.load import load
from ingest.source import Source, source_named
from kms.config import Settings
from kms.domain.intake import IntakeReport
from kms.errors import ConfigError, ContractError, NoDataError
from kms.store.engine import Store
from kms.store.facts import fact_table, known_at, read_columns
from kms.store.vintages import alarms, vintage_named, vintages, withdraw_vintage
from kms.store.waivers import add_waiver, end_waiver, new_waiver, waivers

SOURCE = source_named("doh_case_information")
FETCHED = datetime(2021, 6, 1, tzinfo=UTC)
FIRST = date(2021, 1, 10)
REGIONS = ("NCR", "CAR", "Region XI: Davao Region")
HEADER = (
    "CaseCode,Age,AgeGroup,Sex,DateSpecimen,DateResultRelease,DateRepConf,DateDied,DateRecover,"
    "RemovalType,Admitted,RegionRes,ProvRes,CityMunRes,CityMuniPSGC,HealthStatus,Quarantined,"
    "DateOnset,Pregnanttab,ValidationStatus"
)
Person = dict[str, str]
Take = Callable[..., IntakeReport]


def people(days: int, a_day: int = 15) -> list[Person]:
    """Return so many cases of each day, evenly over three regions, both sexes and all ages."""
    return [
        {
            "CaseCode": f"C{day * a_day + n:06d}",
            "Age": str((day * 7 + n * 3) % 90),
            "Sex": "MALE" if (day + n) % 2 else "FEMALE",
            "DateRepConf": (FIRST + timedelta(days=day)).isoformat(),
            "RegionRes": REGIONS[n % len(REGIONS)],
        }
        for day in range(days)
        for n in range(a_day)
    ]


def written(rows: list[Person]) -> str:
    """Write cases as the line list."""
    text = io.StringIO()
    out = csv.DictWriter(text, HEADER.split(","), restval="", lineterminator="\n")
    out.writeheader()
    out.writerows(rows)
    return text.getvalue()


@pytest.fixture
def take(store: Store, settings: Settings, tmp_path: Path) -> Take:
    """Return a function that takes in a line list of so many days after the first."""

    def taken(rows: list[Person], day: int, source: Source = SOURCE) -> IntakeReport:
        released = FIRST + timedelta(days=day)
        name = f"DOH COVID Data Drop_ {released:%Y%m%d} - 04 Case Information.csv"
        (tmp_path / name).write_text(written(rows), encoding="utf-8")
        return load(store, settings, source, [tmp_path / name], fetched_at=FETCHED)[0]

    return taken


def codes(report: IntakeReport) -> list[str]:
    """Return the tripwires a report names."""
    return [text.split(":")[0].split(" ")[0] for text in report.tripwires]


def cases(store: Store, as_of: datetime = FETCHED) -> int:
    """Return all cases known."""
    with store.read() as connection:
        found = read_columns(
            connection, known_at(fact_table("case_count"), SOURCE.source_id, as_of)
        )
    return sum(
        n for n, basis in zip(found["cases"], found["basis"], strict=True) if basis == "report"
    )


def test_an_ordinary_next_issue_is_taken_in(take: Take) -> None:
    assert take(people(40), 40).status == "accepted"
    later = people(41)[20:]  # some copies were removed
    assert take(later, 41).status == "accepted"


def test_the_first_issue_of_a_source_has_nothing_to_be_compared_with(take: Take) -> None:
    assert take(people(3), 100).status == "accepted"


def test_codes_given_to_other_persons_are_held(take: Take, store: Store) -> None:
    take(people(40), 40)
    shuffled = people(41)
    ids = [row["CaseCode"] for row in shuffled]
    random.Random(1).shuffle(ids)  # noqa: S311  # a fixed order, no secret
    for row, code in zip(shuffled, ids, strict=True):
        row["CaseCode"] = code
    report = take(shuffled, 41)
    assert report.status == "held"
    assert codes(report) == ["sex_changed", "age_changed"]
    assert cases(store) == 40 * 15
    with store.read() as connection:
        held = vintage_named(connection, report.vintage)
        raised = alarms(connection, held["id"])
    assert (held["state"], held["rows_read"], held["rows_changed"]) == ("held", 41 * 15, 0)
    assert {alarm.code for alarm in raised} == {"sex_changed", "age_changed"}
    assert all(alarm.seen > alarm.allowed for alarm in raised if alarm.seen and alarm.allowed)


@pytest.mark.parametrize(("changed", "status"), [(11, "accepted"), (13, "held")])
def test_sexes_may_be_corrected_up_to_two_percent(take: Take, changed: int, status: str) -> None:
    take(people(40), 40)
    later = people(40)
    for row in later[:changed]:
        row["Sex"] = "FEMALE" if row["Sex"] == "MALE" else "MALE"
    assert take([*later, *people(41)[-15:]], 41).status == status


def test_a_birthday_and_a_blank_are_no_change_of_age(take: Take) -> None:
    take(people(40), 40)
    later = people(41)
    for row in later[:300]:
        row["Age"] = str(int(row["Age"]) + 1)
    for row in later[300:]:
        row["Age"] = ""
    assert take(later, 41).status == "accepted"


def test_persons_of_an_issue_without_its_cache_are_read_from_its_snapshot(
    take: Take, settings: Settings
) -> None:
    take(people(40), 40)
    for file in (settings.home / "cache").rglob("*.parquet"):
        file.unlink()
    later = people(41)
    for row in later:
        row["Sex"] = "FEMALE"
    assert codes(take(later, 41)) == ["sex_changed"]


def test_the_cache_is_closed_to_others_and_holds_two_issues(take: Take, settings: Settings) -> None:
    for day in (40, 41, 42):
        take(people(day), day)
    folder = settings.home / "cache" / SOURCE.source_id
    assert folder.stat().st_mode & 0o077 == 0
    files = list(folder.iterdir())
    assert len(files) == 2
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    assert b"C0000" not in b"".join(file.read_bytes() for file in files)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda rows: [r for r in rows if r["RegionRes"] != "CAR"], "area_vanished"),
        (lambda rows: rows[len(rows) * 5 // 100 :], "total_shrank"),
        (lambda rows: rows[: len(rows) * 2 // 5], "total_shrank"),
        (lambda rows: rows + [{**rows[0], "CaseCode": f"D{n}", "DateRepConf": "2021-02-20"}
                              for n in range(400)], "spike"),
        (lambda rows: [r for r in rows if r["DateRepConf"] != "2021-02-10"], "gap"),
        (lambda rows: rows, "frozen_copy"),
    ],
)  # fmt: skip
def test_what_differs_as_no_true_issue_does_is_held(
    take: Take, store: Store, change: Callable[[list[Person]], list[Person]], found: str
) -> None:
    take(people(40), 40)
    before = cases(store)
    report = take(change(people(40)), 42)
    assert report.status == "held"
    assert found in codes(report)
    assert cases(store) == before


def test_an_old_file_with_a_new_date_is_stale(take: Take) -> None:
    take(people(39), 40)
    report = take(people(40), 80)
    assert codes(report) == ["stale_file"]


def test_a_few_cases_less_are_a_correction(take: Take) -> None:
    take(people(40), 40)
    assert take(people(40)[15:], 41).status == "accepted"


def test_a_tripwire_can_be_switched_off_by_a_source(take: Take) -> None:
    take(people(40), 40)
    calm = replace(SOURCE, limits=replace(SOURCE.limits, frozen=False))
    assert take(people(40), 42, calm).status == "accepted"


def test_a_held_issue_is_released_with_its_reason(
    take: Take, store: Store, settings: Settings
) -> None:
    take(people(40), 40)
    report = take(people(40), 42)
    assert release(store, settings, report.vintage, "checked with the Bureau").status == "accepted"
    with store.read() as connection:
        row = vintage_named(connection, report.vintage)
    assert (row["state"], row["note"]) == ("accepted", "checked with the Bureau")
    assert take(people(43), 43).status == "accepted"
    assert cases(store) == 43 * 15


def test_a_released_issue_is_known_from_its_own_day(
    take: Take, store: Store, settings: Settings
) -> None:
    take(people(40), 40)
    report = take(people(20), 42)
    take(people(44), 44)
    release(store, settings, report.vintage, "half of them were counted twice")
    on = [datetime(2021, 2, day, 12, tzinfo=UTC) for day in (20, 22, 24)]
    assert [cases(store, moment) for moment in on] == [40 * 15, 20 * 15, 44 * 15]


def test_what_is_held_stays_held_when_it_comes_again(take: Take, store: Store) -> None:
    take(people(40), 40)
    first, again = take(people(40), 42), take(people(40), 42)
    assert (again.status, again.vintage) == ("held", first.vintage)
    assert again.tripwires == first.tripwires
    with store.read() as connection:
        assert len(vintages(connection)) == 2


def test_a_held_issue_can_be_withdrawn_and_then_not_released(
    take: Take, store: Store, settings: Settings
) -> None:
    take(people(40), 40)
    report = take(people(40), 42)
    withdraw_vintage(store, report.vintage, "sent by mistake")
    with pytest.raises(ContractError, match="is withdrawn; only one that is held"):
        release(store, settings, report.vintage, "after all")
    with pytest.raises(NoDataError, match="no vintage 'nothing'"):
        release(store, settings, "nothing", "after all")


def test_a_waiver_lets_a_tripwire_pass_while_it_holds(take: Take, store: Store) -> None:
    take(people(40), 40)
    given = new_waiver(
        SOURCE.source_id, "frozen_copy", subject="", who="Ana", why="holiday, no new cases",
        until="2021-06-30", today=FETCHED.date(),
    )  # fmt: skip
    number = add_waiver(store, given, FETCHED)
    assert take(people(40), 42).status == "accepted"
    end_waiver(store, number, FETCHED)
    assert take(people(40), 43).status == "held"
    with store.read() as connection:
        assert waivers(connection, FETCHED.date()) == []
    with pytest.raises(NoDataError, match=f"no waiver {number} in force"):
        end_waiver(store, number, FETCHED)


def test_a_waiver_about_one_region_lets_no_other_pass(take: Take, store: Store) -> None:
    take(people(40), 40)
    given = new_waiver(
        SOURCE.source_id, "area_vanished", subject="1300000000", who="Ana",
        why="moved to a file of its own", until="2021-06-30", today=FETCHED.date(),
    )  # fmt: skip
    add_waiver(store, given, FETCHED)
    report = take([row for row in people(41) if row["RegionRes"] == REGIONS[2]], 41)
    assert [text for text in report.tripwires if "1300000000" in text] == []
    assert any("area_vanished (1400000000)" in text for text in report.tripwires)


@pytest.mark.parametrize(
    ("code", "why", "until", "message"),
    [
        ("bad_width", "a good long reason", "2021-06-30", "no tripwire"),
        ("spike", "short", "2021-06-30", "5 characters"),
        ("spike", "a good long reason", "30/06/2021", "write it as"),
        ("spike", "a good long reason", "2021-05-31", "between today"),
        ("spike", "a good long reason", "2031-05-31", "a year ahead"),
    ],
)
def test_waivers_that_say_too_little_are_refused(
    code: str, why: str, until: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        new_waiver(
            SOURCE.source_id, code, subject="", who="Ana", why=why, until=until,
            today=FETCHED.date(),
        )  # fmt: skip


def test_a_real_release_with_codes_re_assigned_is_held(
    store: Store, settings: Settings, shared: Path, tmp_path: Path
) -> None:
    folder = shared / "data" / "doh_datadrop_2020-04"
    fetched = datetime(2023, 6, 1, tzinfo=UTC)
    assert (
        load(store, settings, SOURCE, [folder / "20200414"], fetched_at=fetched)[0].tripwires == ()
    )
    (real,) = (folder / "20200415").glob("*Case Information.csv")
    with real.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    ids = [row["CaseCode"] for row in rows]
    random.Random(2).shuffle(ids)  # noqa: S311  # a fixed order, no secret
    for row, code in zip(rows, ids, strict=True):
        row["CaseCode"] = code
    wrong = tmp_path / real.name
    with wrong.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
    report = load(store, settings, SOURCE, [wrong], fetched_at=fetched)[0]
    assert report.status == "held"
    assert set(codes(report)) == {"sex_changed", "age_changed"}
    for day in ("20200415", "20200416"):  # the true ones are not
        report = load(store, settings, SOURCE, [folder / day], fetched_at=fetched)[0]
        assert (report.status, report.tripwires) == ("accepted", ())
