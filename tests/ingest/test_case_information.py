"""The line list of the Department of Health: real releases, and files that are wrong."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pandas as pd
import pytest

from ingest.load import load
from ingest.source import source_named
from kms.config import Settings
from kms.domain.areas import COUNTRY
from kms.domain.intake import IntakeReport
from kms.errors import ContractError, FetchError
from kms.reference import load_areas, load_matcher
from kms.store.engine import Store
from kms.store.facts import fact_table, known_at, read_columns
from kms.store.vintages import vintages

SOURCE = source_named("doh_case_information")
FETCHED = datetime(2023, 6, 1, tzinfo=UTC)
RELEASES = ("20200414", "20200415", "20200416")
HEADER = (
    "CaseCode,Age,AgeGroup,Sex,DateSpecimen,DateResultRelease,DateRepConf,DateDied,DateRecover,"
    "RemovalType,Admitted,RegionRes,ProvRes,CityMunRes,CityMuniPSGC,HealthStatus,Quarantined,"
    "DateOnset,Pregnanttab,ValidationStatus"
)
NAME = "DOH COVID Data Drop_ 20210315 - 04 Case Information.csv"
Report = Callable[..., IntakeReport]


def released(shared: Path, day: str) -> Path:
    """Return the real line list of a day."""
    folder = shared / "doh_datadrop_2020-04" / day
    return folder / f"DOH COVID Data Drop_ {day} - 04 Case Information.csv"


@pytest.fixture
def data(shared: Path) -> Path:
    """Return the folder of real data."""
    return shared / "data"


def case_line(
    code: str = "C1", *, reported: str = "2021-03-10", onset: str = "", specimen: str = "",
    died: str = "", region: str = "NCR", province: str = "NCR", city: str = "CITY OF MANILA",
    age: str = "30.0",
) -> str:  # fmt: skip
    """Return one line of a hand-made file."""
    return (
        f"{code},{age},30 to 34,MALE,{specimen},,{reported},{died},,,NO,{region},{province},{city},"
        f",MILD,NO,{onset},,"
    )


def counted(store: Store, as_of: datetime = FETCHED) -> Counter[tuple[str, str, str]]:
    """Return cases by (basis, area, day) as known."""
    with store.read() as connection:
        found = read_columns(
            connection, known_at(fact_table("case_count"), SOURCE.source_id, as_of)
        )
    keys = zip(found["basis"], found["area"], found["ref_date"], strict=True)
    return Counter(dict(zip(keys, found["cases"], strict=True)))


@pytest.fixture
def take(store: Store, settings: Settings, tmp_path: Path) -> Report:
    """Return a function that takes in a hand-made file."""

    def taken(*lines: str, header: str = HEADER, name: str = NAME) -> IntakeReport:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return load(store, settings, SOURCE, [path], fetched_at=FETCHED)[0]

    return taken


@pytest.mark.parametrize("day", RELEASES)
def test_real_releases_are_counted_as_pandas_counts_them(
    store: Store, settings: Settings, data: Path, day: str
) -> None:
    path = released(data, day)
    report = load(store, settings, SOURCE, [path], fetched_at=FETCHED)[0]
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert report.rows_read == len(rows)
    assert report.rows_read == report.rows_accepted + report.rows_rejected + report.rows_duplicate
    assert (report.rows_rejected, report.rows_duplicate) == (0, 0)
    matcher, areas = load_matcher(), load_areas()
    places = [
        matcher.match_april_2020(r, c).code
        for r, c in zip(rows["RegionRes"], rows["ProvCityRes"], strict=True)
    ]
    days = pd.to_datetime(rows["DateRepConf"], format="%m/%d/%Y").dt.strftime("%Y-%m-%d")
    expected = Counter(zip(places, days, strict=True))
    found = counted(store)
    assert {(a, d): n for (b, a, d), n in found.items() if b == "report"} == expected
    by_region = Counter(areas.region_of(p) if p in areas else "" for p in places)
    regions = Counter[str]()
    for (basis, area, _), cases in found.items():
        if basis == "report":
            regions[areas.region_of(area) if area in areas else ""] += cases
    assert regions == by_region


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("case_information_sample_2020mid.csv", 1456),
        ("case_information_sample_2021_with_barangay.csv", 101),
    ],
)
def test_real_samples_are_accepted_unchanged(
    store: Store, settings: Settings, data: Path, name: str, rows: int
) -> None:
    path = data / "doh_datadrop_samples" / name
    report = load(store, settings, SOURCE, [path], fetched_at=FETCHED)[0]
    assert (report.rows_read, report.rows_accepted, report.status) == (rows, rows, "accepted")
    given = pd.read_csv(path, dtype=str, keep_default_na=False)
    by_basis = Counter[str]()
    for (basis, _, _), cases in counted(store, FETCHED).items():
        by_basis[basis] += cases
    assert by_basis["report"] == rows
    assert by_basis["onset"] == (given["DateOnset"] != "").sum()
    assert by_basis["onset"] + by_basis["report_onset_unknown"] == rows
    assert by_basis["specimen"] == (given["DateSpecimen"] != "").sum()


@pytest.mark.parametrize("order", list(permutations(RELEASES)))
def test_releases_in_any_order_give_the_same_vintages(
    store: Store, settings: Settings, data: Path, order: tuple[str, ...]
) -> None:
    for day in order:
        load(store, settings, SOURCE, [released(data, day)], fetched_at=FETCHED)
    with store.read() as connection:
        names = [v["name"] for v in vintages(connection)]
        changed = sum(v["rows_changed"] for v in vintages(connection))
    assert [name.split("-")[1] for name in names] == [f"{d}T0800Z" for d in reversed(RELEASES)]
    assert changed > 0
    between = datetime(2020, 4, 15, 20, tzinfo=UTC)
    totals = {
        moment: sum(n for (b, _, _), n in counted(store, moment).items() if b == "report")
        for moment in (datetime(2020, 4, 14, 9, tzinfo=UTC), between, FETCHED)
    }
    assert list(totals.values()) == [5223, 5453, 5660]


def test_loading_a_release_twice_changes_nothing(
    store: Store, settings: Settings, data: Path
) -> None:
    path = released(data, RELEASES[0])
    load(store, settings, SOURCE, [path], fetched_at=FETCHED)
    before = counted(store)
    again = load(store, settings, SOURCE, [path], fetched_at=FETCHED)[0]
    assert (again.status, again.rows_changed) == ("unchanged", 0)
    assert counted(store) == before


def test_dates_with_day_and_month_exchanged_are_blanked_and_counted(
    store: Store, settings: Settings, data: Path
) -> None:
    report = load(store, settings, SOURCE, [released(data, "20200415")], fetched_at=FETCHED)[0]
    assert report.flags == {"date_swapped": 7}
    deaths = [day for (basis, _, day) in counted(store) if basis == "death"]
    assert max(deaths) <= "2020-04-15"
    assert min(deaths) >= "2020-01-15"


def test_split_batch_files_are_one_vintage(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    for part in range(2):
        lines = [case_line(f"C{part}{n}") for n in range(3)]
        path = tmp_path / f"DOH COVID Data Drop_ 20230311 - 04 Case Information_batch_{part}.csv"
        path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    reports = load(store, settings, SOURCE, [tmp_path], fetched_at=FETCHED)
    assert [(r.rows_read, r.rows_accepted) for r in reports] == [(6, 6)]


def test_every_row_is_accepted_rejected_or_duplicate(take: Report, store: Store) -> None:
    lines = [case_line(f"C{n}", onset="2021-03-01") for n in range(300)]
    report = take(
        *lines,
        lines[0],  # a copy
        case_line("C900", reported=""),
        case_line("C901", reported="2021-13-45"),
        case_line("C902", onset="2021-03-12"),  # after the report
        case_line("C903", onset="2021-99-12"),
        case_line("C904", age="200"),
        case_line("C1", city="QUEZON CITY"),  # another person under a code in use
    )
    assert report.rows_read == 307
    assert report.rows_duplicate == 1
    assert report.rejects == {"date_unreadable": 1, "required": 1}
    assert report.flags == {
        "after_daterepconf": 1, "age_out_of_range": 1, "date_unreadable": 1, "key_shared": 2,
    }  # fmt: skip
    assert report.rows_accepted == 304
    found = counted(store)
    assert sum(n for (b, _, _), n in found.items() if b == "onset") == 300
    assert sum(n for (b, _, _), n in found.items() if b == "report_onset_unknown") == 4


def test_a_blank_place_is_no_place_and_a_returning_filipino_no_region(
    take: Report, store: Store
) -> None:
    take(
        case_line("C1", region="", province="", city=""),
        case_line("C2", region="ROF", province="", city=""),
    )
    areas = {area for (basis, area, _) in counted(store) if basis == "report"}
    assert areas == {"nonplace:unknown", "nonplace:rof"}
    assert COUNTRY not in areas


def test_a_multi_line_cell_is_one_row(take: Report) -> None:
    line = case_line()[:-1] + ',"one ""thing""\nand another\n\nand one more"'
    assert take(line, case_line("C2")).rows_read == 2


def test_too_many_unusable_rows_refuse_the_file(take: Report, store: Store) -> None:
    good = [case_line(f"C{n}") for n in range(50)]
    with pytest.raises(ContractError, match=r"5 of 55 rows cannot be used \(required: 5\)"):
        take(*good, *[case_line(f"D{n}", reported="") for n in range(5)])
    assert counted(store) == Counter()


def test_dates_mostly_the_other_way_round_refuse_the_file(take: Report) -> None:
    lines = [case_line(f"C{n}", onset="2021-28-02") for n in range(5)]
    with pytest.raises(ContractError, match="day and month exchanged"):
        take(*lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"  \n ", "holds only blanks"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
        (b'{"error": "not found"}', "is JSON"),
        (b"PK\x03\x04rest", "is damaged or was cut off"),
        (HEADER.encode() + b"\nC1,\x00", "NUL byte at offset"),
        (HEADER.encode() + b"\nC1,Para\xf1aque", "is not UTF-8 at byte"),
        (HEADER.encode() + b"\n", "a header and no rows"),
        (
            HEADER.replace("DateRepConf", "DateReported").encode() + b"\n1",
            "'DateRepConf' is missing",
        ),
        (HEADER.replace(",", ";").encode() + b"\n1", "parted by something other than a comma"),
        (b"hfhudcode,cfname,icu_v,icu_o\n1,2,3,4", "another kind of file"),
        ((HEADER + ",Sex\n").encode(), "'Sex' stands twice"),
        ((HEADER + '\nC1,"30').encode(), "breaks off or is damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_that_are_not_what_they_should_be_are_refused(
    store: Store, settings: Settings, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / NAME
    path.write_bytes(content)
    with pytest.raises(ContractError, match=message):
        load(store, settings, SOURCE, [path], fetched_at=FETCHED)
    with store.read() as connection:
        assert vintages(connection) == []


def test_rows_of_the_wrong_width_are_rejected_one_by_one(take: Report) -> None:
    lines = [case_line(f"C{n}") for n in range(200)]
    report = take(*lines, case_line("C900") + ",extra")
    assert report.rejects == {"bad_width": 1}
    assert (report.rows_read, report.rows_accepted) == (201, 200)


def test_every_row_with_a_field_too_many_refuses_the_file(take: Report) -> None:
    with pytest.raises(ContractError, match="bad_width: 20"):
        take(*[case_line(f"C{n}") + ",x" for n in range(20)])


def test_a_byte_order_mark_is_no_part_of_the_first_name(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / NAME
    path.write_text(f"{HEADER}\n{case_line()}\n", encoding="utf-8-sig")
    assert load(store, settings, SOURCE, [path], fetched_at=FETCHED)[0].rows_accepted == 1


def test_a_missing_file_says_so(store: Store, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="there is no file or folder"):
        load(store, settings, SOURCE, [tmp_path / "nowhere.csv"], fetched_at=FETCHED)


def test_a_folder_without_files_of_the_source_says_so(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(FetchError, match="ends like one of this source"):
        load(store, settings, SOURCE, [tmp_path], fetched_at=FETCHED)


def test_the_snapshot_holds_the_bytes_that_came(
    take: Report, settings: Settings, tmp_path: Path
) -> None:
    from ingest.snapshot import restore_parts

    take(case_line())
    (folder,) = (settings.snapshots / SOURCE.source_id).iterdir()
    (part,) = restore_parts(folder, tmp_path / "out")
    assert part.read_bytes() == (tmp_path / NAME).read_bytes()
    shutil.rmtree(tmp_path / "out")
