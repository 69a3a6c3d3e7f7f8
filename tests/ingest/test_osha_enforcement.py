"""OSHA's enforcement files: told apart by headers, joined into facts, and the real parts whole."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from ingest.load import load
from ingest.source import source_named
from ingest.sources.osha.layouts import MARKS
from kms.config import Settings
from kms.domain.intake import FIELD, ROW, Parsed
from kms.errors import ContractError
from kms.store.engine import Store
from kms.store.facts import fact_table, known_at, read_columns
from tests.ingest.small_files import parse_texts, rows_of, values_of

ID = "osha_enforcement"
AFTER = datetime(2026, 2, 1, tzinfo=UTC)
INSPECTION = (
    "activity_nr,reporting_id,estab_name,site_state,naics_code,insp_type,insp_scope,nr_in_estab,"
    "open_date,close_case_date,host_est_key\n"
)
VIOLATION = "activity_nr,citation_id,delete_flag,standard,abate_complete\n"
RELATED = "activity_nr,rel_type,rel_act_nr,rel_safety,rel_health,load_dt\n"
PROGRAMME = "activity_nr,prog_type,prog_value,load_dt\n"
INJURY = "summary_nr,rel_insp_nr,age,sex,degree_of_inj,injury_line_nr,load_dt\n"
ACCIDENT = "summary_nr,event_date,event_desc\n"


def visit(
    number: str = "1001", *, state: str = "TX", naics: str = "311612", kind: str = "B",
    scope: str = "A", people: str = "12", opened: str = "20250310", closed: str = "20250901",
) -> str:  # fmt: skip
    return (
        f"{number},0600001,Trial Inc,{state},{naics},{kind},{scope},{people},{opened},{closed},K1\n"
    )


def parse(folder: Path, **files: str) -> Parsed:
    return parse_texts(ID, folder, {f"osha_{name}.csv": text for name, text in files.items()})


def test_an_inspection(tmp_path: Path) -> None:
    parsed = parse(tmp_path, inspection=INSPECTION + visit())
    assert parsed.fault_counts == {}
    assert rows_of(parsed, "inspection") == [
        {
            "inspection_id": "1001", "establishment_id": "K1", "area": "us:TX",
            "sector": "naics:31", "workers_male": None, "workers_female": None,
            "size_class": "small", "risk_class": None, "mode": "complete",
            "trigger": "complaint", "visit": None, "opened_on": "2025-03-10",
            "closed_on": "2025-09-01", "regional_office": "0600001", "inspector": None,
        }
    ]  # fmt: skip
    assert all(parsed.facts[name].num_rows == 0 for name in ("inspection_item", "injury_report"))


def test_violations_are_items_not_met_and_deleted_ones_do_not_apply(tmp_path: Path) -> None:
    text = VIOLATION + "1001,01001,,S1,X\n1001,01002,,S2,\n1001,01003,,S3,E\n1001,01004,D,S4,X\n"
    parsed = parse(tmp_path, violation=text)
    found = {
        row["item_code"]: (row["applicable"], row["compliant_initial"], row["compliant_after"])
        for row in rows_of(parsed, "inspection_item")
    }
    assert found == {
        "01001": (True, False, True),
        "01002": (True, False, None),
        "01003": (True, False, False),
        "01004": (False, None, None),
    }


def test_links_of_several_files_stand_together(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        related=RELATED + "1001,C,77,X,,t\n1001,C,77,,X,t\n1001,I,1002,,,t\n",
        strategic=PROGRAMME + "1001,N,AMPUTATE,t\n1001,P,CTARGET,t\n",
        injury=INJURY + "9,1001,30,M,1,1,2025-01-01\n9,1002,30,M,1,1,2025-01-01\n",
    )
    assert parsed.rows_duplicate == 2
    assert {(row["relation"], row["related_id"]) for row in rows_of(parsed, "inspection_link")} == {
        ("complaint", "77"), ("inspection", "1002"), ("program_N", "AMPUTATE"),
        ("program_P", "CTARGET"), ("injury_report", "9"),
    }  # fmt: skip
    assert parsed.facts["inspection_link"].num_rows == 6


def test_persons_are_counted_by_report_and_accidents_give_the_day(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path,
        injury=INJURY + "9,1001,30,M,1,1,2025-01-01\n9,1001,31,F,2,2,2025-01-01\n",
        accident=ACCIDENT + "9,20250308,FALL\n10,20250309,FIRE\n",
    )
    assert {row["report_id"]: row for row in rows_of(parsed, "injury_report")}["9"] == {
        **dict.fromkeys(fact_table("injury_report").c.keys()[3:-1]),
        "report_id": "9", "occurred_on": "2025-03-08", "persons_male": 1, "persons_female": 1,
        "fatal": 1,
    }  # fmt: skip
    assert values_of(parsed, "injury_report", "report_id", value="occurred_on") == {
        "9": "2025-03-08", "10": "2025-03-09",
    }  # fmt: skip


def test_unknown_sex_or_degree_leaves_no_count(tmp_path: Path) -> None:
    text = INJURY + "9,1,0,,1,1,2025-01-01\n8,1,0,M,0,1,2025-01-01\n8,1,0,M,1,2,2025-01-01\n"
    parsed = parse(tmp_path, injury=text)
    rows = {row["report_id"]: row for row in rows_of(parsed, "injury_report")}
    assert (rows["9"]["persons_male"], rows["9"]["fatal"]) == (None, 1)
    assert (rows["8"]["persons_male"], rows["8"]["fatal"]) == (2, None)
    assert parsed.fault_counts == {(FIELD, "value_unknown", "degree_of_inj"): 1}


def test_only_the_newest_load_of_an_accident_counts(tmp_path: Path) -> None:
    """The line of the one who died moved between loads; there is one of them."""
    text = INJURY + (
        "9,1,0,M,1,1,2025-01-01 00:18:59 EST\n9,1,0,M,2,2,2025-01-01 00:18:59 EST\n"
        "9,1,0,M,2,1,2025-02-01 00:18:59 EST\n9,1,0,M,1,2,2025-02-01 00:19:00 EST\n"
    )
    parsed = parse(tmp_path, injury=text)
    assert (parsed.rows_duplicate, parsed.rows_rejected) == (2, 0)
    (row,) = rows_of(parsed, "injury_report")
    assert (row["persons_male"], row["fatal"]) == (2, 1)


def test_a_person_told_of_in_two_ways_is_left_out_and_the_report_not_counted(
    tmp_path: Path,
) -> None:
    text = INJURY + "9,1,0,M,1,1,2025\n9,2,0,M,2,1,2025\n9,1,0,M,2,2,2025\n"
    parsed = parse(tmp_path, injury=text)
    assert parsed.counts(ROW) == {"key_conflict": 2}
    (row,) = rows_of(parsed, "injury_report")
    assert (row["persons_male"], row["fatal"]) == (None, None)


@pytest.mark.parametrize(
    ("wrong", "grade", "code", "column"),
    [
        (visit(opened="2025-03-10"), ROW, "date_unreadable", "open_date"),
        (visit(opened="20270101"), ROW, "date_future", "open_date"),
        (visit(number=""), ROW, "required", "activity_nr"),
        (visit(number="A-1"), ROW, "not_a_code", "activity_nr"),
        (visit(closed="20240101"), FIELD, "date_before_other", "close_case_date"),
        (visit(state="ZZ"), FIELD, "place_unknown", "site_state"),
        (visit(naics="999990"), FIELD, "sector_unknown", "naics_code"),
        (visit(naics="3116"), FIELD, "sector_unknown", "naics_code"),
        (visit(kind="Q"), FIELD, "value_unknown", "insp_type"),
        (visit(people="-1"), FIELD, "number_negative", "nr_in_estab"),
        (visit(people="lots"), FIELD, "number_unreadable", "nr_in_estab"),
    ],
)
def test_what_is_wrong_is_left_out_or_blanked(
    tmp_path: Path, wrong: str, grade: str, code: str, column: str
) -> None:
    parsed = parse(tmp_path, inspection=INSPECTION + visit("1") + wrong)
    assert parsed.fault_counts == {(grade, code, column): 1}
    assert (parsed.faults[0].part, parsed.faults[0].record) == ("osha_inspection.csv", 2)


def test_blank_industry_and_state_are_no_fault(tmp_path: Path) -> None:
    parsed = parse(tmp_path, inspection=INSPECTION + visit(naics="0", state="", people=""))
    assert parsed.fault_counts == {}
    (row,) = rows_of(parsed, "inspection")
    assert (row["area"], row["sector"], row["size_class"]) == ("iso:USA", None, None)


def test_contradicting_inspections_are_left_out(tmp_path: Path) -> None:
    parsed = parse(tmp_path, inspection=INSPECTION + visit() + visit() + visit(state="CA"))
    assert parsed.counts(ROW) == {"key_conflict": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "columns of none of OSHA's files"),
        ("accident_code,accident_number,accident_value\nOCC,1,x\n", "only code tables"),
        (INSPECTION.replace("insp_scope", "x") + visit(), "column 'insp_scope' is missing"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        parse(tmp_path, inspection=text)


def test_every_file_of_the_published_dictionary_is_known(shared: Path) -> None:
    frame = pd.read_csv(shared / "data" / "osh" / "osha" / "osha_data_dictionary.csv")
    for table, columns in frame.groupby("table_name")["column_name"]:
        kinds = [kind for kind, marks in MARKS.items() if set(marks) <= set(columns)]
        short = (
            str(table).removeprefix("osha_").replace("violation_gen_duty_std", "gen_duty_standard")
        )
        assert kinds[0] == short


def test_ages_and_narratives_are_not_kept(store: Store, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "osha_accident_injury_20260126.csv"
    path.write_text(INJURY + "9,1001,37,M,1,1,2025-01-01\n", encoding="utf-8")
    load(store, settings, source_named(ID), [path], fetched_at=AFTER)
    kept = [p for p in settings.snapshots.rglob("*") if p.is_file()]
    assert kept
    assert all(b",37," not in p.read_bytes() and b"age," not in p.read_bytes() for p in kept)


def test_the_real_parts_are_taken_in(store: Store, settings: Settings, shared: Path) -> None:
    folder = shared / "data" / "osh" / "osha"
    names = ("accident_injury_part", "accident_lookup", "related_activity_part",
             "strategic_codes_part")  # fmt: skip
    paths = {name: folder / f"osha_{name}.csv" for name in names}
    source = source_named(ID)
    (report,) = load(store, settings, source, list(paths.values()), fetched_at=AFTER)
    injuries, _, related, programmes = (
        pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths.values()
    )
    assert report.rows_read == len(injuries) + len(related) + len(programmes) == 39_234
    with store.read() as connection:
        links, reports = (
            pd.DataFrame(read_columns(connection, known_at(fact_table(name), ID, AFTER)))
            for name in ("inspection_link", "injury_report")
        )
    sorts = {str(key): int(n) for key, n in links["relation"].value_counts().items()}
    assert programmes["prog_type"].value_counts().to_dict() == {
        key.removeprefix("program_"): n for key, n in sorts.items() if key.startswith("program_")
    }
    pairs = related[related["rel_type"] != ""]
    pairs = pairs.drop_duplicates(["activity_nr", "rel_type", "rel_act_nr"])
    assert pairs["rel_type"].value_counts().to_dict() == {
        key[0].upper(): sorts[key] for key in ("complaint", "referral", "accident", "inspection")
    }
    # Persons: the newest day of each accident and inspection, one a line.
    day = injuries["load_dt"].str[:10]
    newest = injuries[
        day == day.groupby([injuries["summary_nr"], injuries["rel_insp_nr"]]).transform("max")
    ]
    newest = newest.assign(degree=newest["degree_of_inj"].replace("0", ""))
    persons = newest.groupby(["summary_nr", "injury_line_nr"])
    stories = newest.assign(story=newest["sex"] + newest["degree"])
    bad = stories.groupby(["summary_nr", "injury_line_nr"])["story"].agg(lambda s: len(set(s)) > 1)
    assert report.rejects == {
        "key_conflict": int(persons.size()[bad].sum()),
        "required": int((related["rel_type"] == "").sum()),
    }
    first = persons[["degree", "sex"]].first()
    first = first[~bad]
    spoilt = set(bad[bad].index.get_level_values(0))
    known = first.groupby("summary_nr")["degree"].agg(lambda d: bool((d != "").all()))
    counted = first[
        [s in known[known].index and s not in spoilt for s in first.index.get_level_values(0)]
    ]
    assert reports["fatal"].sum() == (counted["degree"] == "1").sum()
    assert len(reports) == first.index.get_level_values(0).nunique()
