"""`kms metric forecast`, `forecast-check` and `score` on plain files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kms.cli.metric import metric_app
from kms.config import ROOT
from kms.errors import ConfigError, DataError, KmsError

GOLDEN = ROOT / "tests" / "golden" / "own"
SI = ["--si-mean", "5.0", "--si-sd", "3.0"]
REPORT = ["--axis", "report", *SI]


def cases(path: Path, days: int, areas: tuple[str, ...] = ("",), first: str = "2023-01-02") -> Path:
    rng = np.random.default_rng(1)
    days_given = pd.date_range(first, periods=days)
    rows = [
        f"{area + ',' if area else ''}{day.date()},{rng.poisson(60)}"
        for area in areas
        for day in days_given
    ]
    head = "area,date,cases" if areas[0] else "date,cases"
    path.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    return path


def table(*words: object) -> pd.DataFrame:
    result = CliRunner().invoke(metric_app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return pd.read_csv(io.StringIO(result.stdout))


def refused(*words: object) -> KmsError:
    result = CliRunner().invoke(metric_app, [str(word) for word in words])
    assert isinstance(result.exception, KmsError), result.output
    assert result.stdout == ""
    assert "\n" not in str(result.exception)
    return result.exception


def test_forecast_prints_23_quantiles_for_each_coming_day(tmp_path: Path) -> None:
    path = cases(tmp_path / "in.csv", 90)
    got = table("forecast", "--incidence", path, *REPORT, "--horizon", 10, "--draws", 200)
    assert list(got["date"]) == [str(d.date()) for d in pd.date_range("2023-04-02", periods=10)]
    assert list(got["days_ahead"]) == list(range(1, 11))
    quantiles = got.filter(regex=r"^q0")
    assert quantiles.shape == (10, 23)
    assert np.all(np.diff(quantiles.to_numpy(), axis=1) >= 0)
    assert got["q0.5"].between(45, 75).all()
    assert set(got["axis"]) == {"report"}
    assert set(got["log_r_sd_source"]) == {"fallback"}
    assert set(got["state"]) == {"final"}
    again = table("forecast", "--incidence", path, *REPORT, "--horizon", 10, "--draws", 200)
    pd.testing.assert_frame_equal(got, again)


def test_forecast_of_an_area_without_cases_is_blank(tmp_path: Path) -> None:
    path = cases(tmp_path / "in.csv", 60, ("North", "South"))
    text = path.read_text(encoding="utf-8").splitlines()
    empty = [",".join([*row.split(",")[:2], "0"]) if row[0] == "S" else row for row in text]
    path.write_text("\n".join(empty), encoding="utf-8")
    got = table("forecast", "--incidence", path, *REPORT, "--draws", 50)
    assert list(got.columns[:3]) == ["area", "date", "days_ahead"]
    south = got[got["area"] == "South"]
    assert len(south) == 14
    assert south["q0.5"].isna().all()
    assert set(south["state"]) == {"too_few"}


def test_forecast_check_tells_the_score_by_horizon_and_size(tmp_path: Path) -> None:
    path = cases(tmp_path / "in.csv", 200)
    got = table("forecast-check", "--incidence", path, *REPORT, "--draws", 50)
    every = got[got["size_from"].isna()]
    assert list(zip(every["first_day"], every["last_day"], strict=True)) == [(1, 7), (8, 14)]
    assert set(got["dates"]) == {13}
    assert every["coverage_90"].between(0.7, 1).all()
    # Flat counts: nothing beats last week's mean.
    assert set(every["state"]) == {"withheld"}
    short = table("forecast-check", "--incidence", path, *REPORT, "--draws", 50, "--days", 28)
    assert set(short["state"]) == {"too_few"}


def test_score_meets_the_reference_tool() -> None:
    got = table("score", "--forecasts", GOLDEN / "inputs" / "forecast_quantiles.csv")
    expected = pd.read_csv(GOLDEN / "golden" / "wis.csv")
    for name in ("wis", "dispersion", "overprediction", "underprediction", "wis_log1p"):
        np.testing.assert_allclose(got[name], expected[name], rtol=0, atol=1e-8)
    assert list(got["row"]) == list(expected["i"])
    assert set(got["inside_95"]) <= {0, 1}
    assert np.all(got["inside_50"] <= got["inside_95"])


def test_unusable_files_and_options_are_refused(tmp_path: Path) -> None:
    path = cases(tmp_path / "in.csv", 60)
    error = refused("forecast", "--incidence", path, *REPORT, "--damping", 1.5)
    assert isinstance(error, ConfigError)
    assert "--damping is 1.5. Give a number above 0" in str(error)
    short = refused("forecast", "--incidence", cases(tmp_path / "s.csv", 15), *REPORT)
    assert isinstance(short, DataError)
    assert "s.csv: total: 15 days; a forecast needs 21 at least. Correct" in str(short)
    uneven = cases(tmp_path / "u.csv", 40, ("North", "South"))
    lines = uneven.read_text(encoding="utf-8").splitlines()
    uneven.write_text("\n".join(lines[:-1]), encoding="utf-8")
    with_gap = refused("forecast", "--incidence", uneven, *REPORT)
    assert "area 'South': 2023-01-02 to 2023-02-10, but 'North' has" in str(with_gap)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("q0.5,", "median,", 1), "line 1: column 'q0.5' is missing"),
        (lambda text: text.splitlines()[0], "no rows below the header"),
        (lambda text: text.replace("1,11,3,5", "1,11,9,5"), "it lies below the quantile before"),
        (lambda text: text.replace("1,11,3,5", "1,,3,5"), "line 2: column 'observed' is blank"),
    ],
)
def test_unusable_forecasts_are_refused(tmp_path: Path, change: object, message: str) -> None:
    text = (GOLDEN / "inputs" / "forecast_quantiles.csv").read_text(encoding="utf-8")
    path = tmp_path / "q.csv"
    assert callable(change)
    path.write_text(change(text), encoding="utf-8")
    assert message in str(refused("score", "--forecasts", path))
