"""`kms metric` on plain files: the contract's columns, and one clear line for bad input."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kms.cli.metric import metric_app
from kms.cli.metric.input import serial_interval
from kms.config import ROOT
from kms.errors import ConfigError, DataError, FetchError, KmsError

GOLDEN = ROOT / "tests" / "golden" / "own"
SI = ["--si-mean", "4.7", "--si-sd", "2.9"]
Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str, name: str = "cases.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def table(*arguments: object) -> pd.DataFrame:
    result = CliRunner().invoke(metric_app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return pd.read_csv(io.StringIO(result.stdout))


def refused(*arguments: object) -> KmsError:
    result = CliRunner().invoke(metric_app, [str(a) for a in arguments])
    assert isinstance(result.exception, KmsError), result.output
    assert result.stdout == ""
    assert "\n" not in str(result.exception)
    return result.exception


def daily(counts: list[int], first: str = "2023-01-02") -> str:
    days = pd.date_range(first, periods=len(counts)).strftime("%Y-%m-%d")
    return "date,cases\n" + "".join(f"{d},{n}\n" for d, n in zip(days, counts, strict=True))


def test_plain_r_meets_the_reference_tool(written: Written) -> None:
    series = pd.read_csv(GOLDEN / "inputs" / "series_local_imported.csv")
    series["local"] = series["cases"] - series["imported"]
    path = written(series[["date", "local", "imported"]].to_csv(index=False))
    expected = pd.read_csv(GOLDEN / "golden" / "estimate_r.csv")
    expected = expected[
        (expected["series"] == "local_imported")
        & (expected["incid"] == "local_imported")
        & (expected["method"] == "parametric_si")
        & (expected["window"] == 7)
        & (expected["mean_prior"] == 5)
    ]
    got = table("r", "--incidence", path, "--si-mean", 2.8, "--si-sd", 1.5, "--plain")
    header = "t_start,t_end,mean,sd,q0.025,q0.25,median,q0.75,q0.975"
    assert list(got.columns) == header.split(",")
    assert list(got["t_end"]) == list(range(8, len(series) + 1))
    rows = got.set_index("t_end").loc[expected["t_end"]]
    for ours, theirs in (("mean", "mean"), ("q0.025", "q0025"), ("q0.975", "q0975")):
        np.testing.assert_allclose(rows[ours], expected[theirs], rtol=1e-9)


def test_a_serial_interval_file_is_used_as_given(written: Written, tmp_path: Path) -> None:
    si = tmp_path / "si.csv"
    si.write_text("k,w\n0,0\n1,1\n", encoding="utf-8")
    got = table("r", "--incidence", written(daily([4] * 20)), "--si", si, "--plain")
    assert got["mean"].iloc[0] == pytest.approx((1 + 28) / (0.2 + 28))


def test_the_default_adds_probability_and_state(written: Written) -> None:
    got = table("r", "--incidence", written(daily([40] * 60)), *SI)
    assert list(got.columns)[-2:] == ["p_above_1", "state"]
    assert got["state"].iloc[-1] == "final"
    assert got["p_above_1"].iloc[-1] == pytest.approx(0.5, abs=0.05)
    with_prior = table(
        "r", "--incidence", written(daily([1] * 30)), *SI, "--prior-mean", 9, "--prior-sd", 1
    )
    assert with_prior["mean"].iloc[-1] > 3
    assert with_prior["state"].iloc[-1] == "too_few"


def test_areas_come_first_and_are_estimated_apart(written: Written) -> None:
    rows = daily([7] * 20).splitlines()
    north = [f"North,{row}" for row in rows[1:]]
    south = [f"South,{row}" for row in daily([9] * 25).splitlines()[1:]]
    mixed = [row for pair in zip(north, south, strict=False) for row in pair] + south[20:]
    got = table("r", "--incidence", written("\n".join(["area,date,cases", *mixed])), *SI, "--plain")
    assert got.columns[0] == "area"
    assert list(got["area"]) == ["North"] * 13 + ["South"] * 18


def test_growth_prints_no_doubling_time_for_a_flat_course(written: Written) -> None:
    flat = table("growth", "--incidence", written(daily([20, 21] * 20)))
    assert flat["doubling_time_days"].isna().all()
    assert set(flat["doubling_state"]) == {"withheld"}
    rising = table("growth", "--incidence", written(daily([round(9 * 1.1**t) for t in range(30)])))
    assert rising["doubling_time_days"].iloc[-1] == pytest.approx(np.log(2) / np.log(1.1), rel=0.05)
    assert rising["state"].iloc[-1] == "final"


def test_two_week_prints_every_day_and_empty_cells_for_no_value(written: Written) -> None:
    path = written(daily([0] * 14 + [10] * 14 + [15] * 14))
    result = CliRunner().invoke(
        metric_app, ["two-week", "--incidence", str(path), "--population", "50000"]
    )
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(rows[0]) == [
        "date", "two_week_growth_rate", "average_daily_attack_rate", "state",
    ]  # fmt: skip
    assert len(rows) == 42
    assert list(rows[0].values()) == ["2023-01-02", "", "", "missing"]
    assert list(rows[27].values()) == ["2023-01-29", "", "20.0", "too_few"]
    assert list(rows[41].values()) == ["2023-02-12", "0.5", "30.0", "final"]


def test_numbers_are_printed_in_full(written: Written) -> None:
    result = CliRunner().invoke(
        metric_app, ["r", "--incidence", str(written(daily([3] * 20))), *SI, "--plain"]
    )
    cells = result.stdout.splitlines()[3].split(",")[2:]
    assert all(repr(float(cell)) == cell for cell in cells)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the file is empty"),
        ("date,cases\n", "no rows below the header"),
        ("day,cases\n2023-01-02,1\n", "line 1: columns are day, cases. Needed: date,cases"),
        ("date;cases\n2023-01-02;1\n", "line 1: columns are date;cases. Needed"),
        ("date,cases,imported\n2023-01-02,1,0\n", "Whether cases include imported"),
        ("date,cases,cases\n2023-01-02,1,1\n", "column 'cases' stands twice"),
        ("date,cases\n2023-01-02,-1\n", "line 2: column 'cases' is -1, below 0"),
        (
            "date,cases\n2023-01-02,1e10\n",
            "line 2: column 'cases' is 1e10, more than 1,000,000,000",
        ),
        ('"date,cases\n2023-01-02,1\n', "line 1: not a CSV header"),
        ("date,cases\n2023-W01-4,1\n", "column 'date' is '2023-W01-4'"),
        ("date,cases\n2023-01-02,1.5\n", "line 2: column 'cases' is 1.5. Cases are whole"),
        ("date,cases\n2023-01-02,many\n", "line 2: column 'cases' is 'many', not a number"),
        ("date,cases\n2023-01-02,inf\n", "line 2: column 'cases' is 'inf', not a number"),
        ("date,cases\n2023-01-02,nan\n", "line 2: column 'cases' is 'nan', not a number"),
        ("date,cases\n2023-01-02,\n", "line 2: column 'cases' is blank"),
        ("date,cases\n2023-01-02,1_000\n", "'1_000', not a number"),
        ("date,cases\n02/01/2023,1\n", "line 2: column 'date' is '02/01/2023'. Write dates as"),
        ("date,cases\n2023-02-30,1\n", "line 2: column 'date' is '2023-02-30'"),
        ("date,cases\n2023-01-02,1,9\n", "line 2: 3 cells, the header has 2"),
        ('date,cases\n"2023-01-02,1\n', "not a CSV row"),
        (
            "date,cases\n2023-01-02,1\n\n2023-01-04,1\n",
            "line 4: date 2023-01-03 is missing (next is 2023-01-04)",
        ),
        ("date,cases\n2023-01-02,1\n2023-01-02,1\n", "line 3: date 2023-01-02 stands twice"),
        ("date,cases\n2023-01-02,1\n2023-01-01,1\n", "line 3: date 2023-01-01 is out of order"),
        (
            "area,date,cases\nA,2023-01-02,1\nB,2023-01-02,1\nA,2023-01-04,1\n",
            "line 4: date 2023-01-03 of area 'A' is missing",
        ),
        ("area,date,cases\n,2023-01-02,1\n", "line 2: column 'area' is blank"),
        ("date,cases\n2023-01-02,1\n2023-01-03,2\n", "window 7 days: with 2 days of data"),
    ],
)
def test_bad_input_is_refused_in_one_line_with_its_place(
    written: Written, text: str, message: str
) -> None:
    path = written(text)
    error = refused("r", "--incidence", path, *SI)
    assert isinstance(error, DataError)
    assert str(error).startswith(str(path))
    assert message in str(error)


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    error = refused("r", "--incidence", tmp_path / "none.csv", *SI)
    assert isinstance(error, FetchError)
    assert error.exit_code == 4


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("área,date,cases\n".encode("latin-1"))
    assert "byte 0 is not UTF-8" in str(refused("r", "--incidence", path, *SI))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--si-mean", "4"], "--si-sd is missing"),
        (["--si-sd", "4"], "--si-mean is missing"),
        (["--si-mean", "0.5", "--si-sd", "4"], "mean 0.5 days"),
        (["--si-mean", "4", "--si-sd", "nan"], "--si-sd is nan days"),
        ([*SI, "--disease", "covid19"], "exclude each other"),
        (["--disease", "../secret"], "disease '../secret' is not known"),
        ([*SI, "--prior-sd", "0"], "--prior-sd is 0. Give a number from 0.001"),
        (["--si-mean", "1e308", "--si-sd", "1"], "--si-mean is 1e+308 days"),
        ([*SI, "--si-mean-sd", "1e9"], "--si-mean-sd is 1e+09 days"),
        ([*SI, "--prior-mean", "1e308"], "--prior-mean is 1e+308"),
    ],
)
def test_options_that_make_no_sense_are_a_usage_error(
    written: Written, options: list[str], message: str
) -> None:
    error = refused("r", "--incidence", written(daily([3] * 20)), *options)
    assert isinstance(error, ConfigError)
    assert error.exit_code == 2
    assert message in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lag,w\n0,0\n", "line 1: columns are lag, w. Needed: k,w"),
        ("k,w\n1,1\n", "line 2: k is 1, expected 0"),
        ("k,w\n0,0.5\n1,0.5\n", "w_0 = 0.5"),
        ("k,w\n0,0\n1,0.4\n", "add up to 0.4"),
        ("k,w\n0,0\n1,x\n", "line 3: column 'w' is 'x'"),
    ],
)
def test_a_bad_serial_interval_file_is_refused(
    written: Written, tmp_path: Path, text: str, message: str
) -> None:
    si = tmp_path / "si.csv"
    si.write_text(text, encoding="utf-8")
    error = refused("r", "--incidence", written(daily([3] * 20)), "--si", si)
    assert isinstance(error, DataError)
    assert message in str(error)


def test_a_disease_gives_its_serial_interval(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_interval, "DISEASES", tmp_path)
    text = "[serial_interval]\nmean_days = 4.7\nsd_days = 2.9\n"
    (tmp_path / "covid19.toml").write_text(text, encoding="utf-8")
    (tmp_path / "dengue.toml").write_text("name = 'Dengue'\n", encoding="utf-8")
    path = written(daily([3] * 20))
    named = table("r", "--incidence", path, "--disease", "covid19")
    pd.testing.assert_frame_equal(named, table("r", "--incidence", path))
    pd.testing.assert_frame_equal(named, table("r", "--incidence", path, *SI))
    unknown = refused("r", "--incidence", path, "--disease", "plague")
    assert "'plague' is not known. Known: covid19, dengue" in str(unknown)
    without = refused("r", "--incidence", path, "--disease", "dengue")
    assert "no usable serial_interval" in str(without)


def test_one_population_does_not_serve_two_areas(written: Written) -> None:
    path = written("area,date,cases\nA,2023-01-02,1\nB,2023-01-02,1\n")
    error = refused("two-week", "--incidence", path, "--population", 100)
    assert "2 areas, but --population is one number" in str(error)
    zero = refused("two-week", "--incidence", written(daily([1] * 30)), "--population", 0)
    assert "--population is 0.0" in str(zero)


def test_the_command_starts_without_the_statistics() -> None:
    import subprocess
    import sys

    code = "import sys, kms.cli.metric; print('numba' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["False", "False"]
