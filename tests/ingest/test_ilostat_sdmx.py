"""Statistics in SDMX-CSV: three shapes of files, areas and sectors, and the real files whole."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from ingest.load import load
from ingest.source import source_named
from ingest.sources.ilo.sdmx import find_country, sector_of
from kms.config import Settings
from kms.domain.intake import FIELD, ROW, Parsed
from kms.errors import ContractError
from kms.store.engine import Store
from kms.store.facts import fact_table, known_at, read_columns
from tests.ingest.small_files import parse_texts, rows_of, values_of

ID = "ilostat_sdmx"
NAME = "eurostat_trial_20260126.csv"
HEADER = "DATAFLOW,LAST UPDATE,freq,unit,nace_r2,sex,age,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG"
AFTER = datetime(2026, 2, 1, tzinfo=UTC)


def line(
    *, sector: str = "A", sex: str = "F", geo: str = "IT", period: str = "2014",
    value: str = "6955", flag: str = "b",
) -> str:  # fmt: skip
    return f"ESTAT:T(1.0),20/01/26,A,NR,{sector},{sex},Y15,{geo},{period},{value},{flag}"


def parse(folder: Path, *lines: str, header: str = HEADER) -> Parsed:
    return parse_texts(ID, folder, {NAME: "\n".join([header, *lines, ""])})


def test_a_row_becomes_a_statistic(tmp_path: Path) -> None:
    parsed = parse(tmp_path, line())
    assert parsed.fault_counts == {}
    assert rows_of(parsed, "statistic") == [
        {
            "dataset": "ESTAT:T(1.0)", "area": "iso:ITA", "sector": "A", "sex": "female",
            "breakdown": "freq=A|age=Y15", "unit": "NR", "period": "2014", "value": 6955.0,
            "obs_status": "b",
        }
    ]  # fmt: skip


def test_ilostat_names_the_same_things_otherwise(tmp_path: Path) -> None:
    text = (
        "DATAFLOW,REF_AREA,FREQ,MEASURE,SEX,ECO,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MEASURE\n"
        "ILO:DF_X(1.0),PHL,A,INJ_FATL_NB,SEX_T,ECO_ISIC4_F,2023,-1.5,U,NB\n"
    )
    (row,) = rows_of(parse_texts(ID, tmp_path, {"ilostat_x_20260126.csv": text}), "statistic")
    assert row == {
        "dataset": "ILO:DF_X(1.0)", "area": "iso:PHL", "sector": "F", "sex": "",
        "breakdown": "freq=A|measure=INJ_FATL_NB", "unit": "NB", "period": "2023", "value": -1.5,
        "obs_status": "U",
    }  # fmt: skip


def test_labels_beside_codes_are_left_out(tmp_path: Path) -> None:
    text = (
        "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,freq,Time frequency,sex,Sex,geo,Place,TIME_PERIOD,"
        "Time,OBS_VALUE,Observation value,OBS_FLAG,Flag,CONF_STATUS,Status\r\n"
        'dataflow,ESTAT:T(1.0),"A, b",A,Annual,M,Males,UK,"U, K",2014,,7,,,,c,confidential\r\n'
    )
    (row,) = rows_of(parse_texts(ID, tmp_path, {NAME: text}), "statistic")
    assert (row["area"], row["sex"], row["breakdown"]) == ("iso:GBR", "male", "freq=A")
    assert (row["value"], row["obs_status"]) == (7.0, "c")


def test_data_sets_of_different_dimensions_are_parts_of_one_issue(tmp_path: Path) -> None:
    other = "DATAFLOW,geo,TIME_PERIOD,OBS_VALUE\nESTAT:U(1.0),EU27_2020,2014,1\n"
    texts = {NAME: f"{HEADER}\n{line()}\n", "eurostat_other_20260126.csv": other}
    parsed = parse_texts(ID, tmp_path, texts)
    assert values_of(parsed, "statistic", "dataset", value="area") == {
        "ESTAT:T(1.0)": "iso:ITA", "ESTAT:U(1.0)": "eurostat:EU27_2020",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "area", "flag"),
    [
        ("PHL", "iso:PHL", None), ("EL", "iso:GRC", None), ("XK", "iso:XKX", None),
        ("EA20", "eurostat:EA20", None), ("X01", "ilo:X01", None),
        ("QQ", "sdmx:QQ", "place_unknown"), ("", "nonplace:unknown", "place_unknown"),
    ],
)  # fmt: skip
def test_areas_are_countries_or_their_publishers_groups(
    code: str, area: str, flag: str | None
) -> None:
    assert find_country((code,)) == (area, flag)


@pytest.mark.parametrize(
    ("code", "sector"),
    [
        ("A", "A"), ("TOTAL", ""), ("", ""), ("C-E", "nace:C-E"), ("C10", "nace:C10"),
        ("X", "nace:X"), ("ECO_ISIC4_U", "U"), ("ECO_ISIC4_TOTAL", ""),
        ("ECO_AGGREGATE_MAN", "isic:AGGREGATE_MAN"), ("ECO_ISIC3_A", "isic:ISIC3_A"),
    ],
)  # fmt: skip
def test_sections_are_letters_and_others_keep_their_classification(code: str, sector: str) -> None:
    assert sector_of(code) == sector


def test_missing_values_are_none_and_zero_is_zero(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path, line(value="0"), line(period="2015", value=""), line(period="2016", value=":")
    )
    assert parsed.fault_counts == {}
    assert values_of(parsed, "statistic", "period", value="value") == {
        "2014": 0.0, "2015": None, "2016": None,
    }  # fmt: skip


MULTIPLIED = (
    "DATAFLOW,REF_AREA,TIME_PERIOD,OBS_VALUE,UNIT_MEASURE,UNIT_MULT\n"
    "ILO:DF_X(1.0),PHL,2019,{value},PS,{power}\n"
    "ILO:DF_X(1.0),PHL,2020,41.7,PS,\n"
)


@pytest.mark.parametrize(
    ("value", "power", "meant"),
    [
        ("41.718", "3", 41_718.0), ("0.1", "1", 1.0), ("41.718", "0", 41.718), ("7", "6", 7e6),
        ("7", "-2", 0.07), ("7", "3.0", 7_000.0), ("1.5e3", "3", 1.5e6), ("-1.2", "3", -1_200.0),
        ("", "3", None), ("41.718", "", 41.718),
    ],
)  # fmt: skip
def test_a_value_is_multiplied_by_its_power_of_ten(
    tmp_path: Path, value: str, power: str, meant: float | None
) -> None:
    text = MULTIPLIED.format(value=value, power=power)
    parsed = parse_texts(ID, tmp_path, {"ilostat_x_20260126.csv": text})
    assert parsed.fault_counts == {}
    assert values_of(parsed, "statistic", "period", value="value") == {"2019": meant, "2020": 41.7}


@pytest.mark.parametrize(
    ("power", "code"),
    [
        ("2.5", "number_not_whole"), ("16", "number_out_of_range"), ("-7", "number_out_of_range"),
        ("3000", "number_out_of_range"), ("x", "number_unreadable"), ("nan", "number_unreadable"),
        ("3: Thousands", "number_unreadable"), ("1e400", "number_unreadable"),
    ],
)  # fmt: skip
def test_a_value_of_unknown_size_is_left_out(tmp_path: Path, power: str, code: str) -> None:
    text = MULTIPLIED.format(value="41.718", power=power)
    parsed = parse_texts(ID, tmp_path, {"ilostat_x_20260126.csv": text})
    assert parsed.fault_counts == {(ROW, code, "UNIT_MULT"): 1}
    assert values_of(parsed, "statistic", "period", value="value") == {"2020": 41.7}


def test_a_value_too_large_for_a_number_is_none(tmp_path: Path) -> None:
    text = MULTIPLIED.format(value="1e308", power="3")
    parsed = parse_texts(ID, tmp_path, {"ilostat_x_20260126.csv": text})
    assert parsed.fault_counts == {(FIELD, "number_unreadable", "OBS_VALUE"): 1}


@pytest.mark.parametrize(
    ("wrong", "grade", "code", "column"),
    [
        (line(period="14"), ROW, "date_unreadable", "TIME_PERIOD"),
        (line(period=""), ROW, "required", "TIME_PERIOD"),
        (line(geo=""), ROW, "required", "REF_AREA"),
        (line(sector="C" * 30), ROW, "bad_text", "ECO"),
        (line(value="12x"), FIELD, "number_unreadable", "OBS_VALUE"),
        (line(value="1_000"), FIELD, "number_unreadable", "OBS_VALUE"),
        (line(value="inf"), FIELD, "number_unreadable", "OBS_VALUE"),
        (line(geo="QQ"), FIELD, "place_unknown", "REF_AREA"),
        (line() + ",1,2", ROW, "bad_width", ""),
        ("ESTAT:T(1.0),x", ROW, "bad_width", ""),
    ],
)
def test_what_is_wrong_is_left_out_or_blanked(
    tmp_path: Path, wrong: str, grade: str, code: str, column: str
) -> None:
    parsed = parse(tmp_path, line(period="2001"), wrong, line(period="2002"))
    faults = {key: rows for key, rows in parsed.fault_counts.items() if key[1] == code}
    assert faults == {(grade, code, column): 1}
    assert parsed.faults[-1].record == 2
    assert len(rows_of(parsed, "statistic")) == (3 if grade == FIELD else 2)


def test_copies_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    other = line(period="2015")
    parsed = parse(tmp_path, line(), line(), other, other.replace("6955", "1"))
    assert (parsed.rows_duplicate, parsed.rows_rejected) == (1, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEADER},sex\n", "column 'sex' stands twice"),
        ("a,b,c\n1,2,3\n", "column 'DATAFLOW' is missing"),
        (HEADER.replace("geo", "place") + "\n", "column 'REF_AREA' is missing"),
        (",".join(f"c{n}" for n in range(300)) + "\n", "has 300 columns"),
        (f'{HEADER}\n"ESTAT,1\n', "no well-formed CSV"),
        (f"{HEADER}\n{line()}\nESTAT:T", "cut off"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        parse_texts(ID, tmp_path, {NAME: text})


def test_the_real_files_are_taken_in_whole(store: Store, settings: Settings, shared: Path) -> None:
    paths = sorted((shared / "data" / "osh" / "accidents").glob("eurostat_*_1*.csv"))
    assert len(paths) == 4
    (report,) = load(store, settings, source_named(ID), paths, fetched_at=AFTER)
    frames = [pd.read_csv(path) for path in paths]
    assert report.rows_read == report.rows_accepted == sum(map(len, frames)) == 11_132
    assert (report.rejects, report.flags) == ({}, {})
    with store.read() as connection:
        known = pd.DataFrame(read_columns(connection, known_at(fact_table("statistic"), ID, AFTER)))
    for frame in frames:
        ours = known[known["dataset"] == frame["STRUCTURE_ID"].iloc[0]]
        assert len(ours) == len(frame)
        by_sector = ours.groupby(["sector", "period"])["value"].sum()
        dated = frame.assign(period=frame["TIME_PERIOD"].astype(str))
        theirs = dated.groupby(["nace_r2", "period"])["OBS_VALUE"].sum()
        assert by_sector.to_numpy() == pytest.approx(theirs.to_numpy())
        assert ours["area"].nunique() == frame["geo"].nunique()
