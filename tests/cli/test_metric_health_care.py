"""`kms metric cfr`, `occupancy`, `days-to-capacity` and `positivity` on plain files."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kms.cli.metric import metric_app
from kms.errors import ConfigError, DataError, KmsError


def run(tmp_path: Path, text: str, *words: str) -> object:
    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    return CliRunner().invoke(metric_app, [*words[:2], str(path), *words[2:]])


def table(tmp_path: Path, text: str, *words: str) -> list[dict[str, str]]:
    result = run(tmp_path, text, *words)
    assert result.exit_code == 0, result.output  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(result.stdout)))  # type: ignore[attr-defined]


def refused(tmp_path: Path, text: str, *words: str) -> KmsError:
    result = run(tmp_path, text, *words)
    error = result.exception  # type: ignore[attr-defined]
    assert isinstance(error, KmsError), result.output  # type: ignore[attr-defined]
    assert result.stdout == ""  # type: ignore[attr-defined]
    assert "\n" not in str(error)
    return error


def daily(header: str, row: str, days: int) -> str:
    first = date(2026, 1, 1)
    return f"date,{header}\n" + "".join(f"{first + timedelta(i)},{row}\n" for i in range(days))


def test_cfr_prints_the_adjusted_share_beside_the_naive_one(tmp_path: Path) -> None:
    rows = table(tmp_path, daily("cases,deaths", "100,2", 60), "cfr", "--counts")
    last = rows[-1]
    assert float(last["naive_cfr"]) == pytest.approx(0.02)
    assert float(last["cfr"]) == pytest.approx(0.02 / float(last["resolved_ratio"]))
    assert float(last["low"]) < float(last["cfr"]) < float(last["high"])
    assert last["state"] == "final"
    assert rows[0]["state"] == "too_few"
    told = table(
        tmp_path, daily("cases,deaths", "100,2", 60), "cfr", "--counts",
        "--delay-mean", "17.8", "--delay-sd", "8", "--death-completeness", "0.5",
    )  # fmt: skip
    assert float(told[-1]["cfr"]) == pytest.approx(2 * float(last["cfr"]))


def test_deaths_of_larger_weeks_before_pass_the_cases_of_the_window(tmp_path: Path) -> None:
    first = date(2026, 1, 1)
    text = "date,cases,deaths\n" + "".join(
        f"{first + timedelta(i)},{round(2_000 * 0.97**i)},10\n" for i in range(90)
    )
    last = table(tmp_path, text, "cfr", "--counts", "--window", "28")[-1]
    ratio = float(last["resolved_ratio"])
    assert ratio > 1.2
    assert float(last["cfr"]) == pytest.approx(280 / (ratio * float(last["cases"])))
    assert float(table(tmp_path, text, "cfr", "--counts")[-1]["resolved_ratio"]) < 1


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (["--delay-mean", "5"], ConfigError, "--delay-sd is missing"),
        (["--delay-mean", "0", "--delay-sd", "1"], ConfigError, "--delay-mean is 0"),
        (["--disease", "measles"], ConfigError, "no onset_to_death"),
        (["--disease", "../x"], ConfigError, "disease '../x' is not known"),
        (["--death-completeness", "2"], DataError, "completeness 2.0"),
        (["--window", "99"], DataError, "window of 99 days"),
    ],
)
def test_unusable_options_of_cfr_are_refused(
    tmp_path: Path, words: list[str], kind: type[KmsError], message: str
) -> None:
    error = refused(tmp_path, daily("cases,deaths", "10,1", 20), "cfr", "--counts", *words)
    assert isinstance(error, kind)
    assert message in str(error)


BEDS = "occupied,total,reporting,carried,registered"


def bed_file(columns: str = BEDS, **types: str) -> str:
    lines = [f"date,bed_type,{columns}"]
    for name, row in types.items():
        lines += [f"2026-01-{d:02},{name},{row}" for d in range(1, 9)]
    return "\n".join(lines) + "\n"


def test_occupancy_adds_beds_and_then_ventilators(tmp_path: Path) -> None:
    text = bed_file(
        icu="9,10,4,1,5", isolation="5,10,5,0,5", ward="40,80,5,0,5", ventilator="2,20,5,0,5"
    )
    rows = table(tmp_path, text, "occupancy", "--beds")
    last = {row["bed_type"]: row for row in rows if row["date"] == "2026-01-08"}
    assert float(last["icu"]["share"]) == pytest.approx(0.9)
    assert float(last["all_beds"]["share"]) == pytest.approx(54 / 100)
    assert float(last["all_beds_and_ventilators"]["share"]) == pytest.approx(56 / 120)
    assert float(last["all_beds"]["reporting_share"]) == pytest.approx(14 / 15)
    assert last["icu"]["state"] == "final"
    assert float(last["ward"]["free"]) == 40


def totals(tmp_path: Path, **types: str) -> dict[str, list[float]]:
    rows = table(tmp_path, bed_file("occupied,total", **types), "occupancy", "--beds")
    last = [row for row in rows if row["date"] == "2026-01-08" and row["total"]]
    return {row["bed_type"]: [float(row["occupied"]), float(row["total"])] for row in last}


COVID = {"icu": "40,50", "isolation": "60,100", "ward": "140,300", "ventilator": "5,20"}


def test_beds_for_others_and_unknown_types_are_in_no_total(tmp_path: Path) -> None:
    others = {"ventilator_non_covid": "5,200", "icu_non_covid": "80,100", "cot": "7,7"}
    found = totals(tmp_path, **COVID, **others)
    assert found["all_beds"] == [240, 450]
    assert found["all_beds_and_ventilators"] == [245, 470]
    assert found["icu_non_covid"] == [80, 100]  # by itself it is told
    for left_out in ("icu", "isolation"):
        rest = {name: row for name, row in COVID.items() if name != left_out}
        assert set(totals(tmp_path, **rest, **others)) == {*rest, *others}


def test_beds_outside_intensive_care_are_counted_once(tmp_path: Path) -> None:
    few = {"icu": "40,50", "nonicu": "210,410", "nonicu_non_covid": "1,900"}
    assert totals(tmp_path, **few)["all_beds"] == [250, 460]
    assert totals(tmp_path, **{**COVID, "nonicu": "210,410"})["all_beds"] == [250, 460]
    assert totals(tmp_path, **{**COVID, "nonicu": ","})["all_beds"] == [240, 450]
    unknown = {**COVID, "ward": ",", "nonicu": ","}
    text = bed_file("occupied,total", **unknown).replace("01-07,ward,,", "01-07,ward,140,300")
    rows = table(tmp_path, text, "occupancy", "--beds")
    states = {row["date"]: row["state"] for row in rows if row["bed_type"] == "all_beds"}
    assert (states["2026-01-07"], states["2026-01-08"]) == ("provisional", "missing")


def test_a_total_among_the_types_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, bed_file(all_beds="9,10,4,1,5"), "occupancy", "--beds")
    assert "bed_type 'all_beds' is a total" in str(error)


def test_a_blank_report_is_unknown_and_not_empty(tmp_path: Path) -> None:
    text = bed_file(icu="9,10,4,1,5").replace("2026-01-08,icu,9", "2026-01-08,icu,")
    last = table(tmp_path, text, "occupancy", "--beds")[7]
    assert (last["share"], last["state"]) == ("", "missing")


def test_bed_types_of_other_days_are_refused(tmp_path: Path) -> None:
    text = bed_file(icu="9,10,4,1,5", ward="45,90,5,0,5").rsplit("2026-01-08", 1)[0]
    error = refused(tmp_path, text, "occupancy", "--beds")
    assert "'ward' runs from 2026-01-01 for 7 days" in str(error)
    error = refused(tmp_path, bed_file(icu="9,10,6,0,5"), "occupancy", "--beds")
    assert "6.0 facilities reported, of 5.0" in str(error)


def test_days_to_capacity_tells_days_only_where_likely(tmp_path: Path) -> None:
    head = "date,occupied,total\n"
    first = date(2026, 1, 1)
    rising = head + "".join(
        f"{first + timedelta(i)},{round(20 * 1.03**i)},150\n" for i in range(63)
    )
    rows = table(tmp_path, rising, "days-to-capacity", "--beds", "--draws", "300")
    assert [row["mark"] for row in rows] == ["0.7", "0.85", "1.0"]
    assert rows[0]["days"] == "0.0" or float(rows[0]["days"]) < float(rows[2]["days"])
    assert rows[2]["state"] == "final"
    flat = daily("occupied,total", "50,150", 63)
    rows = table(tmp_path, flat, "days-to-capacity", "--beds", "--draws", "300")
    assert (rows[2]["days"], rows[2]["state"]) == ("", "withheld")
    assert float(rows[2]["chance_within_28_days"]) < 0.5
    again = table(tmp_path, flat, "days-to-capacity", "--beds", "--draws", "300")
    assert again == rows
    short = daily("occupied,total", "50,150", 40)
    assert "40 days; 63 are needed" in str(refused(tmp_path, short, "days-to-capacity", "--beds"))


def test_positivity_prints_weeks_testing_and_drift(tmp_path: Path) -> None:
    text = daily("tested,positive", "100,10", 40)
    rows = table(tmp_path, text, "positivity", "--tests", "--population", "100000")
    last = rows[-1]
    assert float(last["positivity"]) == pytest.approx(0.1)
    assert float(last["tests_per_1000_week"]) == pytest.approx(7)
    assert (last["drift_warning"], last["state"]) == ("no", "final")
    assert rows[2]["state"] == "missing"
    falling = text.splitlines()
    falling[31:] = [line.replace("100,10", "40,12") for line in falling[31:]]
    rows = table(tmp_path, "\n".join(falling), "positivity", "--tests")
    assert rows[-1]["drift_warning"] == "yes"
    assert rows[-1]["tests_per_1000_week"] == ""
    assert float(rows[-1]["tests_change"]) == pytest.approx(40 / (1_980 / 21) - 1, abs=0.05)


@pytest.mark.parametrize(
    ("row", "words", "message"),
    [
        ("5,6", [], "6.0 of 5.0 tested"),
        ("5,-1", [], "below 0"),
        ("9,1", ["--window", "8"], "multiple of 7"),
        ("9,1", ["--population", "-3"], "--population is -3"),
    ],
)
def test_unusable_tests_are_refused(
    tmp_path: Path, row: str, words: list[str], message: str
) -> None:
    text = daily("tested,positive", row, 12)
    assert message in str(refused(tmp_path, text, "positivity", "--tests", *words))


def test_a_window_longer_than_the_series_is_refused(tmp_path: Path) -> None:
    days = "".join(f"2026-01-{n + 1:02},200,20\n" for n in range(20))
    error = refused(
        tmp_path, "date,tested,positive\n" + days, "positivity", "--tests", "--window", "28"
    )
    assert isinstance(error, DataError)
    assert "20 days, and --window is 28" in str(error)
