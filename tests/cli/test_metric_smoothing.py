"""`kms metric r-smooth` on plain files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kms.cli.metric import metric_app
from kms.errors import DataError

SI = ["--si-mean", "4.7", "--si-sd", "2.9"]


def written(tmp_path: Path, counts: list[int], area: str = "") -> Path:
    days = pd.date_range("2023-01-02", periods=len(counts)).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"date": days, "cases": counts})
    path = tmp_path / "cases.csv"
    if area:
        frame.insert(0, "area", area)
    frame.to_csv(path, index=False)
    return path


def table(*arguments: object, command: str = "r-smooth") -> pd.DataFrame:
    result = CliRunner().invoke(metric_app, [command, *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return pd.read_csv(io.StringIO(result.stdout))


def test_every_day_from_the_second_has_a_row(tmp_path: Path) -> None:
    got = table("--incidence", written(tmp_path, [40] * 80), *SI)
    header = "date,mean,q0.025,q0.25,median,q0.75,q0.975,p_above_1,eta,state"
    assert list(got.columns) == header.split(",")
    assert got["date"].iloc[0] == "2023-01-03"
    assert len(got) == 79
    assert got["median"].iloc[-1] == pytest.approx(1.0, abs=0.05)
    assert got["state"].iloc[-1] == "final"


def test_the_last_days_and_a_causal_course(tmp_path: Path) -> None:
    path = written(tmp_path, [20] * 60 + [40] * 10, area="North")
    few = table("--incidence", path, *SI, "--last", 5)
    assert list(few["date"]) == [f"2023-03-{day:02d}" for day in range(8, 13)]
    assert set(few["area"]) == {"North"}
    every, causal = table("--incidence", path, *SI), table("--incidence", path, *SI, "--causal")
    before = every["date"] == "2023-03-02"  # the smoother sees the step coming
    assert float(every["median"][before].iloc[0]) > float(causal["median"][before].iloc[0])
    assert np.isclose(every["median"].iloc[-1], causal["median"].iloc[-1], rtol=0.05)


def test_a_series_of_one_day_is_refused_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path, [3])
    result = CliRunner().invoke(metric_app, ["r-smooth", "--incidence", str(path), *SI])
    assert isinstance(result.exception, DataError)
    assert str(result.exception).startswith(f"{path}: window 1 days: with 1 days of data")


def areas(tmp_path: Path, days: dict[str, int]) -> Path:
    rng = np.random.default_rng(3)
    levels = {"Large": 60.0, "Middle": 40.0, "Small": 0.4}
    frames = [
        pd.DataFrame(
            {
                "area": name,
                "date": pd.date_range("2023-01-02", periods=length).strftime("%Y-%m-%d"),
                "cases": rng.poisson(levels[name], length),
            }
        )
        for name, length in days.items()
    ]
    path = tmp_path / "areas.csv"
    pd.concat(frames).to_csv(path, index=False)
    return path


def test_a_small_area_leans_on_the_others_and_says_so(tmp_path: Path) -> None:
    path = areas(tmp_path, {"Large": 70, "Middle": 70, "Small": 70})
    got = table("--incidence", path, *SI, command="r-pooled")
    last = got.groupby("area").last()
    assert list(last["leans_on_parent"]) == ["no", "no", "yes"]
    assert last["own_weight"].loc["Large"] > 0.5
    assert last["own_weight"].loc["Small"] < 0.2
    assert (last["t_end"] - last["t_start"] + 1 == 7).all()
    assert last["median"].loc["Small"] == pytest.approx(1.0, abs=0.2)


def test_areas_with_other_days_are_refused(tmp_path: Path) -> None:
    path = areas(tmp_path, {"Large": 70, "Small": 60})
    result = CliRunner().invoke(metric_app, ["r-pooled", "--incidence", str(path), *SI])
    assert isinstance(result.exception, DataError)
    message = "area 'Small' has 60 days from 2023-01-02, area 'Large' 70 from 2023-01-02"
    assert message in str(result.exception)
