"""Case investigations: sources of infection, pairs and clusters, and no person in anything kept."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.batch import Batch
from ingest.load import load
from ingest.opening.personal import without_columns
from ingest.snapshot import restore_parts
from ingest.sources.doh.case_investigation import COLUMNS, PERSONAL, SOURCE
from kms.config import ROOT, Settings
from kms.domain.intake import FIELD, ROW, Parsed
from kms.errors import ContractError
from kms.reference import load_areas, load_matcher
from kms.store.engine import Store
from kms.store.facts import arrow_schema, fact_table
from kms.store.vintages import vintages

SAMPLE = ROOT / "data" / "sample" / "doh_case_investigation_20260126.csv"
PUBLISHED = datetime(2026, 1, 26, 8, tzinfo=UTC)
GOOD = {
    "case_id": "C-1",
    "disease": "COVID-19",
    "classification": "confirmed",
    "region": "Region VII: Central Visayas",
    "province": "CEBU",
    "city_municipality": "CEBU CITY",
    "psgc": "0730600000",
    "onset_date": "2026-01-10",
    "report_date": "2026-01-14",
    "investigation_status": "complete",
    "exposure": "known_contact",
    "source_case_id": "",
    "cluster_id": "",
    "cluster_setting": "",
    "establishment_id": "",
    "psic": "",
    "occupation": "",
}
CANARIES = {
    "full_name": "Canary Fullname", "last_name": "Canarylast", "first_name": "Canaryfirst",
    "middle_name": "Canarymiddle", "birth_date": "1911-11-11", "home_address": "Canary Street 5",
    "phone_number": "09170000001", "email": "canary@example.org",
}  # fmt: skip
CEBU, NCR = "0702200000", "1300000000"
Row = dict[str, str]


def row(case_id: str = "C-1", **changes: str) -> Row:
    """Return a good row with some cells changed."""
    return GOOD | {"case_id": case_id} | changes


def at_work(case_id: str, **changes: str) -> Row:
    """Return a case of a cluster at a workplace."""
    cluster = {
        "exposure": "cluster", "cluster_id": "CL-1", "cluster_setting": "workplace",
        "establishment_id": "EST-1", "psic": "10711",
    }  # fmt: skip
    return row(case_id) | cluster | changes


def write(folder: Path, rows: Sequence[Row], header: Sequence[str] = tuple(GOOD)) -> Path:
    """Write rows as the layout has them, without columns about persons unless asked."""
    path = folder / SAMPLE.name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(rows)
    return path


def parse(folder: Path, *rows: Row) -> Parsed:
    """Write and read rows, and check what holds of every file."""
    path = write(folder, rows)
    parsed = SOURCE.parse(Batch(SOURCE.source_id, (path,), PUBLISHED, folder / "tmp"))
    assert parsed.rows_read == len(rows)
    assert sum(parsed.counts(ROW).values()) == parsed.rows_rejected
    assert set(parsed.facts) == {"case_link", "pair_count", "workplace_cluster"}
    for name, content in parsed.facts.items():
        assert content.schema == arrow_schema(fact_table(name))
    assert sum(parsed.facts["case_link"]["cases"].to_pylist()) == parsed.rows_accepted
    return parsed


def sources(parsed: Parsed) -> dict[str, int]:
    """Return cases by source of infection."""
    found: Counter[str] = Counter()
    for link in parsed.facts["case_link"].to_pylist():
        found[link["infection_source"]] += link["cases"]
    return dict(found)


def clusters(parsed: Parsed) -> list[dict[str, Any]]:
    """Return the workplace clusters in order."""
    rows: list[dict[str, Any]] = parsed.facts["workplace_cluster"].to_pylist()
    return sorted(rows, key=lambda cluster: (cluster["disease"], cluster["cluster_id"]))


def pairs(parsed: Parsed) -> list[tuple[str, str, str, int, int]]:
    """Return the pairs: disease, area, onset, interval, how many."""
    rows = parsed.facts["pair_count"].to_pylist()
    names = ("disease", "area", "onset_date", "serial_interval_days", "pairs")
    return sorted(tuple(found[name] for name in names) for found in rows)


def test_a_good_row_becomes_one_link(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row(cluster_id="CL-9", cluster_setting="Household"))
    assert parsed.fault_counts == {}
    assert parsed.facts["case_link"].to_pylist() == [
        {
            "disease": "covid19",
            "area": CEBU,  # the province, with its highly urbanised cities
            "report_date": "2026-01-14",
            "infection_source": "known_contact",
            "setting": "household",
            "cases": 1,
        }
    ]
    assert (pairs(parsed), clusters(parsed)) == ([], [])


@pytest.mark.parametrize(
    ("status", "exposure", "source", "flags"),
    [
        ("complete", "known_contact", "known_contact", {}),
        ("Complete", "CLUSTER", "cluster", {}),
        ("complete", "imported", "imported", {}),
        ("complete", "unknown", "unknown", {}),
        ("complete", "", "pending", {"required": 1}),
        ("complete", "market", "pending", {"value_unknown": 1}),
        ("pending", "", "pending", {}),
        ("pending", "unknown", "pending", {}),
        ("pending", "known_contact", "pending", {}),
        ("", "", "pending", {}),
        ("", "imported", "pending", {}),
        ("closed", "imported", "pending", {"value_unknown": 1}),
    ],
)
def test_who_was_not_asked_is_pending_and_never_unknown(
    tmp_path: Path, status: str, exposure: str, source: str, flags: dict[str, int]
) -> None:
    parsed = parse(tmp_path, row(investigation_status=status, exposure=exposure))
    assert sources(parsed) == {source: 1}
    assert parsed.counts(FIELD) == flags


def test_a_contact_who_is_not_in_the_file_is_known_all_the_same(tmp_path: Path) -> None:
    parsed = parse(tmp_path, row(source_case_id="C-99"))
    assert sources(parsed) == {"known_contact": 1}
    assert (parsed.fault_counts, pairs(parsed)) == ({}, [])


LEFT_OUT: list[tuple[Row, str, str]] = [
    ({"case_id": ""}, "required", "case_id"),
    ({"case_id": "C\u200b-2"}, "bad_text", "case_id"),
    ({"disease": ""}, "required", "disease"),
    ({"disease": "Rabies"}, "value_unknown", "disease"),
    ({"classification": ""}, "required", "classification"),
    ({"classification": "discarded"}, "value_unknown", "classification"),
    ({"report_date": ""}, "required", "report_date"),
    ({"report_date": "14/01/2026"}, "date_unreadable", "report_date"),
    ({"report_date": "2026-01-27"}, "date_future", "report_date"),
    ({"report_date": "2006-12-31"}, "date_out_of_range", "report_date"),
    ({name: name for name in GOOD}, "repeated_header", "report_date"),
    ({"case_id": "TOTAL"}, "summary_row", "report_date"),
]
FLAGGED: list[tuple[Row, str, str]] = [
    ({"onset_date": "2026-01-15"}, "date_after_other", "onset_date"),
    ({"onset_date": "2024-12-31"}, "long_before", "onset_date"),
    ({"onset_date": "fever"}, "date_unreadable", "onset_date"),
    ({"exposure": ""}, "required", "exposure"),
    ({"source_case_id": "Trial Person"}, "not_a_code", "source_case_id"),
    ({"source_case_id": "9" * 61}, "bad_text", "source_case_id"),
    ({"source_case_id": "C-15"}, "links_to_itself", "source_case_id"),
    ({"cluster_id": "Trial Bakery"}, "not_a_code", "cluster_id"),
    ({"cluster_setting": "market"}, "value_unknown", "cluster_setting"),
    ({"establishment_id": "Trial Bakery"}, "not_a_code", "establishment_id"),
    ({"psic": "99999"}, "sector_unknown", "psic"),
    ({"city_municipality": "Nowhere", "psgc": ""}, "place_unknown", "psgc"),
    ({"psgc": "1381300000"}, "place_code_conflict", "psgc"),
]


@pytest.mark.parametrize(
    ("grade", "first", "wrong"), [(ROW, 1, LEFT_OUT), (FIELD, len(LEFT_OUT), FLAGGED)]
)
def test_each_fault_is_counted_where_it_stands(
    tmp_path: Path, grade: str, first: int, wrong: list[tuple[Row, str, str]]
) -> None:
    rows = [row(f"C-{first + n}") | changes for n, (changes, _, _) in enumerate(wrong, 1)]
    if grade == FIELD:
        rows[6]["source_case_id"] = rows[6]["case_id"]
    parsed = parse(tmp_path, *rows)
    expected = [(grade, n, code, column) for n, (_, code, column) in enumerate(wrong, 1)]
    found = [(f.grade, f.record, f.code, f.field) for f in parsed.faults]
    assert sorted(found, key=lambda f: f[1]) == expected
    assert parsed.rows_rejected == (len(wrong) if grade == ROW else 0)


def test_places_are_counted_by_province(tmp_path: Path) -> None:
    elsewhere = [
        ("TALISAY CITY", "CEBU", "Region VII", CEBU),
        ("QUEZON CITY", "NCR", "NCR", NCR),
        ("", "", "Region VII", "0700000000"),
        ("", "", "ROF", "nonplace:rof"),
        ("", "", "", "nonplace:unknown"),
    ]
    rows = [
        row(f"C-{n}", city_municipality=city, province=province, region=region, psgc="")
        for n, (city, province, region, _) in enumerate(elsewhere)
    ]
    links = parse(tmp_path, *rows).facts["case_link"].to_pylist()
    assert sorted(link["area"] for link in links) == sorted(area for *_, area in elsewhere)


def test_copies_count_once_and_persons_sharing_a_number_all(tmp_path: Path) -> None:
    other = row("C-1", city_municipality="TALISAY CITY", psgc="")
    parsed = parse(tmp_path, row(), row(), other, row("C-2"), row("C-2"))
    assert (parsed.rows_duplicate, parsed.rows_accepted) == (2, 3)
    assert parsed.fault_counts == {(FIELD, "key_shared", "case_id"): 2}


def test_a_pair_is_counted_by_the_onset_of_the_infected(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        row("C-1", onset_date="2026-01-02"),
        row("C-2", onset_date="2026-01-07", source_case_id="C-1"),
        row("C-3", onset_date="2026-01-07", source_case_id="C-1"),
        row("C-4", onset_date="2026-01-06", source_case_id="C-3"),
    )
    assert parsed.fault_counts == {}
    assert pairs(parsed) == [
        ("covid19", CEBU, "2026-01-06", -1, 1),
        ("covid19", CEBU, "2026-01-07", 5, 2),
    ]


@pytest.mark.parametrize(
    ("source", "infected"),
    [
        ({"onset_date": ""}, {}),
        ({}, {"onset_date": ""}),
        ({"onset_date": "2026-02-30"}, {}),
        ({}, {"onset_date": "2026-01-20"}),  # after its report
        ({"disease": "Measles"}, {}),
        ({"report_date": ""}, {}),  # the row is left out
        ({}, {"source_case_id": "c-1"}),  # another number
    ],
)
def test_no_pair_without_both_onsets_of_one_disease(
    tmp_path: Path, source: Row, infected: Row
) -> None:
    rows = (row("C-1") | source, row("C-2", source_case_id="C-1") | infected)
    assert pairs(parse(tmp_path, *rows)) == []


@pytest.mark.parametrize("shared", ["C-1", "C-2"])
def test_no_pair_where_a_number_means_two_persons(tmp_path: Path, shared: str) -> None:
    rows = [row("C-1"), row("C-2", source_case_id="C-1"), row("C-3", source_case_id="C-2")]
    other = row(shared, onset_date="2026-01-03")
    assert len(pairs(parse(tmp_path, *rows))) == 1  # both of one day
    found = pairs(parse(tmp_path, *rows, other))
    assert len(found) == (1 if shared == "C-1" else 0)


def test_a_copy_does_not_make_a_number_ambiguous(tmp_path: Path) -> None:
    infected = row("C-2", source_case_id="C-1")
    assert pairs(parse(tmp_path, row("C-1"), row("C-1"), infected, infected)) == [
        ("covid19", CEBU, "2026-01-10", 0, 1)
    ]


@pytest.mark.parametrize(
    ("days", "counts"), [(-21, False), (-20, True), (0, True), (60, True), (61, False)]
)
def test_an_interval_that_cannot_be_is_marked(tmp_path: Path, days: int, counts: bool) -> None:
    first = pd.Timestamp("2025-10-01")
    second = (first + pd.Timedelta(days=days)).strftime("%Y-%m-%d")
    parsed = parse(
        tmp_path,
        row("C-1", onset_date="2025-10-01"),
        row("C-2", onset_date=second, source_case_id="C-1"),
    )
    assert [found[3] for found in pairs(parsed)] == ([days] if counts else [])
    assert parsed.counts(FIELD) == ({} if counts else {"interval_out_of_range": 1})
    assert sources(parsed) == {"known_contact": 2}


def test_a_workplace_cluster_says_what_its_cases_agree_on(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        at_work("C-1", report_date="2026-01-12"),
        at_work("C-2", report_date="2026-01-20", city_municipality="TALISAY CITY", psgc=""),
        at_work("C-3", psic="", establishment_id=""),  # says nothing, contradicts nothing
        at_work("C-4", region="", province="", city_municipality="", psgc=""),
        at_work("C-5", cluster_setting="household"),
        at_work("C-6", cluster_id=""),
    )
    assert clusters(parsed) == [
        {
            "disease": "covid19",
            "cluster_id": "CL-1",
            "area": CEBU,
            "sector": "C",
            "establishment_id": "EST-1",
            "first_report_date": "2026-01-12",
            "last_report_date": "2026-01-20",
            "cases": 4,
        }
    ]


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"psic": "47111"}, "sector"),
        ({"establishment_id": "EST-2"}, "establishment_id"),
        ({"province": "BOHOL", "city_municipality": "", "psgc": ""}, "area"),
    ],
)
def test_what_cases_of_a_cluster_disagree_on_is_not_known(
    tmp_path: Path, changes: Row, missing: str
) -> None:
    (cluster,) = clusters(parse(tmp_path, at_work("C-1"), at_work("C-2") | changes))
    assert [name for name, value in cluster.items() if value is None] == [missing]
    assert cluster["cases"] == 2


def test_clusters_of_two_diseases_are_two(tmp_path: Path) -> None:
    parsed = parse(tmp_path, at_work("C-1"), at_work("C-2", disease="ILI"))
    assert [(c["disease"], c["cases"]) for c in clusters(parsed)] == [
        ("covid19", 1),
        ("influenza", 1),
    ]


def kept_of(home: Path) -> str:
    """Return all that lies under a home, snapshots unpacked, as text."""
    texts = []
    for path in sorted(home.rglob("*")):
        if path.suffix == ".zst":
            (part,) = (
                p for p in restore_parts(path.parent, home / "unpacked") if path.name[:-4] == p.name
            )
            texts.append(part.read_text(encoding="utf-8"))
        elif path.is_file():
            texts.append(path.read_bytes().decode("latin-1"))
    return "\n".join(texts)


@pytest.mark.parametrize("spelling", [str, str.upper, lambda name: name.replace("_", " ")])
def test_nothing_of_a_person_is_kept(
    store: Store, settings: Settings, tmp_path: Path, spelling: Any
) -> None:
    canaries = {spelling(name): value for name, value in CANARIES.items()}
    rows = [row(f"C-{n}", psic="10711") | canaries for n in range(3)]
    path = write(tmp_path, rows, header=[*canaries, *GOOD])
    (report,) = load(store, settings, SOURCE, [path], fetched_at=PUBLISHED)
    assert (report.status, report.rows_accepted, report.flags) == ("accepted", 3, {})
    kept = kept_of(settings.home)
    assert "C-2" in kept  # the snapshot was searched
    assert "10711" in kept
    assert not [value for value in canaries.values() if value in kept]
    (header,) = {line for line in kept.splitlines() if line.startswith("case_id,")}
    assert header == ",".join(GOOD)


def test_a_row_that_slipped_is_kept_without_its_cells(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    rows = [row(f"C-{n}") | CANARIES for n in range(120)]
    path = write(tmp_path, rows, header=[*GOOD, *CANARIES])
    slipped = path.read_text(encoding="utf-8").replace("C-7,", "C-7,,", 1)
    path.write_text(slipped, encoding="utf-8")
    (report,) = load(store, settings, SOURCE, [path], fetched_at=PUBLISHED)
    assert (report.rows_accepted, report.rejects) == (119, {"bad_width": 1})
    assert "anary" not in kept_of(settings.home)


def test_the_personal_columns_are_those_the_layout_names() -> None:
    assert set(CANARIES) == set(PERSONAL)
    assert not set(PERSONAL) & set(COLUMNS.all_names)


def test_an_unexpected_column_about_persons_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, [row() | {"patient_name": "Canary"}], [*GOOD, "patient_name"])
    with pytest.raises(ContractError, match="column 'patient_name'"):
        SOURCE.parse(Batch(SOURCE.source_id, (path,), PUBLISHED, tmp_path / "tmp"))


def test_the_sample_is_counted_as_pandas_counts_it(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    first, second = (
        load(store, settings, SOURCE, [SAMPLE], fetched_at=PUBLISHED)[0] for _ in range(2)
    )
    assert (first.status, second.status) == ("accepted", "unchanged")
    plain = without_columns(SOURCE.source_id, SAMPLE, PERSONAL, tmp_path)
    parsed = SOURCE.parse(Batch(SOURCE.source_id, (plain,), PUBLISHED, tmp_path / "tmp"))
    frame = pd.read_csv(SAMPLE, dtype=str, keep_default_na=False)
    asked = frame["investigation_status"].eq("complete") & frame["exposure"].ne("")
    assert sources(parsed) == frame["exposure"].where(asked, "pending").value_counts().to_dict()
    linked = frame.merge(frame, left_on="source_case_id", right_on="case_id")
    days = pd.to_datetime(linked["onset_date_x"]) - pd.to_datetime(linked["onset_date_y"])
    found = Counter[int]()
    for *_, interval, number in pairs(parsed):
        found[interval] += number
    assert found == Counter(days.dt.days)
    work = frame[frame["cluster_setting"].eq("workplace")]
    assert {c["cluster_id"]: c["cases"] for c in clusters(parsed)} == work.groupby(
        "cluster_id"
    ).size().to_dict()
    matcher, areas = load_matcher(), load_areas()
    names = zip(frame["region"], frame["province"], frame["city_municipality"], strict=True)
    units = Counter(areas.unit_of(matcher.match(*texts).code) for texts in names)
    counted = Counter[str]()
    for link in parsed.facts["case_link"].to_pylist():
        counted[link["area"]] += link["cases"]
    assert counted == units


def test_a_file_of_many_bad_rows_is_refused(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    path = write(tmp_path, [row("C-1"), row("C-2", classification="discarded")])
    with pytest.raises(ContractError, match=r"1 of 2 rows cannot be used \(value_unknown: 1\)"):
        load(store, settings, SOURCE, [path], fetched_at=PUBLISHED)
    with store.read() as connection:
        assert vintages(connection) == []


@hypothesis_settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.builds(
            row,
            st.sampled_from(["C-1", "C-2", "C-3", ""]),
            disease=st.sampled_from(["Measles", "COVID-19", "Rabies"]),
            onset_date=st.sampled_from(["", "2026-01-10", "2025-02-01"]),
            report_date=st.sampled_from(["2026-01-14", "2026-01-20", "x"]),
            investigation_status=st.sampled_from(["complete", "pending", ""]),
            exposure=st.sampled_from(["cluster", "unknown", "", "?"]),
            source_case_id=st.sampled_from(["C-1", "C-2", ""]),
            cluster_id=st.sampled_from(["CL-1", ""]),
            cluster_setting=st.sampled_from(["workplace", "school", ""]),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_every_accepted_row_is_one_linked_case(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    parsed = parse(tmp_path_factory.mktemp("rows"), *rows)
    assert sum(number for *_, number in pairs(parsed)) <= parsed.rows_accepted
    assert sum(cluster["cases"] for cluster in clusters(parsed)) <= parsed.rows_accepted
