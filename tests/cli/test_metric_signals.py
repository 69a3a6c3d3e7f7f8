"""`kms metric signals` on plain files: every method's columns, and one clear line for bad input."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kms.cli.metric import metric_app
from kms.config import ROOT
from kms.errors import ConfigError, DataError, KmsError

GOLDEN = ROOT / "tests" / "golden" / "own"
Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> Path:
        path = tmp_path / "cases.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def table(*arguments: object) -> pd.DataFrame:
    result = CliRunner().invoke(metric_app, ["signals", *(str(a) for a in arguments)])
    assert result.exit_code == 0, result.output
    return pd.read_csv(io.StringIO(result.stdout))


def refused(*arguments: object) -> KmsError:
    result = CliRunner().invoke(metric_app, ["signals", *(str(a) for a in arguments)])
    assert isinstance(result.exception, KmsError), result.output
    assert result.stdout == ""
    assert "\n" not in str(result.exception)
    return result.exception


def dated(counts: list[int], *, days: int = 1, area: str = "") -> str:
    dates = pd.date_range("2018-01-07", periods=len(counts), freq=f"{days}D").strftime("%Y-%m-%d")
    lead = f"{area}," if area else ""
    rows = "".join(f"{lead}{d},{n}\n" for d, n in zip(dates, counts, strict=True))
    return ("area," if area else "") + "date,cases\n" + rows


@pytest.fixture
def weekly(written: Written) -> Path:
    cases = pd.read_csv(GOLDEN / "inputs" / "weekly_seasonal.csv")["cases"]
    return written(dated(cases.astype(int).tolist(), days=7))


def test_farrington_signals_the_outbreaks_of_the_reference_series(weekly: Path) -> None:
    got = table("--incidence", weekly, "--method", "farrington", "--years", 3)
    assert list(got.columns) == [
        *("date", "cases", "expected", "bound", "phi", "trend_per_week", "p_value", "score"),
        *("chance", "signal", "state"),
    ]
    assert len(got) == 312
    weeks = set(got.index[got["signal"] == 1] + 1)
    assert {240, 241, 287} <= weeks
    assert {week for week in weeks if week > 231} <= {*range(238, 244), *range(286, 291)}
    assert got["state"].iloc[0] == "too_few"
    assert np.isnan(got["bound"].iloc[0])
    old = table("--incidence", weekly, "--method", "farrington-1996", "--level", 0.01)
    assert list(old.columns) == list(got.columns)
    assert (old["signal"] == 1).any()


def test_cusum_meets_the_reference_tool_from_a_date(weekly: Path) -> None:
    first = pd.Timestamp("2018-01-07") + pd.Timedelta(weeks=231)
    got = table("--incidence", weekly, "--method", "cusum", "--from", first.date())
    assert list(got.columns) == ["date", "cases", "expected", "cusum", "bound", "signal"]
    assert got["date"].iloc[0] == f"{first:%Y-%m-%d}"
    golden = pd.read_csv(GOLDEN / "golden" / "cusum.csv")
    mean = golden.loc[golden["m"] == "mean", "reference_mean"].iloc[0]
    assert got["expected"].iloc[0] == pytest.approx(mean, abs=1e-6)
    assert len(table("--incidence", weekly, "--method", "cusum")) == 156


def test_the_channel_names_zones_and_leaves_out_epidemic_years(weekly: Path) -> None:
    got = table("--incidence", weekly, "--method", "channel", "--form", "mean_2sd")
    assert list(got.columns) == ["date", "cases", "lower", "alert", "epidemic", "zone", "state"]
    assert set(got["zone"].dropna()) >= {"safety", "alert", "epidemic"}
    assert got["state"].iloc[0] == "too_few"
    without = table("--incidence", weekly, "--method", "channel", "--leave-out", 2020)
    assert (without["state"] == "too_few").sum() > (got["state"] == "too_few").sum()


@pytest.mark.parametrize("method", ["c1", "c2", "c3"])
def test_ears_signals_a_sudden_day(written: Written, method: str) -> None:
    path = written(dated([5, 6, 4, 5, 7, 5, 6, 4, 5, 6, 5, 40]))
    got = table("--incidence", path, "--method", method)
    assert list(got.columns) == [
        *("date", "cases", "mean", "sd", "statistic", "bound", "signal"),
    ]
    assert got["signal"].iloc[-1] == 1
    assert table("--incidence", path, "--method", method, "--baseline", 5)["signal"].iloc[-1] == 1


def test_p_values_compare_areas_day_by_day(written: Written) -> None:
    quiet = dated([3, 4, 2, 5] * 20, area="North").splitlines()
    rising = dated([3, 4, 2, 5] * 19 + [4, 3, 4, 30], area="South").splitlines()[1:]
    path = written("\n".join([*quiet, *rising]))
    got = table("--incidence", path)
    assert list(got.columns) == [
        *("area", "date", "cases", "expected", "p_value", "q_value", "signal", "state"),
    ]
    last = got.groupby("area").tail(1).set_index("area")
    assert last.loc["South", "signal"] == 1
    assert last.loc["North", "signal"] == 0
    assert (got["q_value"] >= got["p_value"]).all()
    short = "\n".join([*quiet, *rising[:-1]])
    assert "do not cover the same dates" in str(refused("--incidence", written(short)))


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        ("day,cases\n", [], DataError, "line 1: columns are day, cases. Needed: date,cases"),
        ("date,cases\n", [], DataError, "no rows below the header"),
        ("date,cases\n2018-01-07,1\n2018-01-10,2\n", [], DataError, "expected 2018-01-08"),
        (
            "date,cases\n2018-01-07,1\n2018-01-14,2\n2018-01-28,2\n",
            [],
            DataError,
            "line 4: date is 2018-01-28, expected 2018-01-21 (every 7 days)",
        ),
        ("date,cases\n2018-01-07,-1\n", [], DataError, "column 'cases' is -1, below 0"),
        ("area,date,cases\n,2018-01-07,1\n", [], DataError, "column 'area' is blank"),
        (dated([1] * 30), ["--method", "farrington"], DataError, "compares weeks"),
        (dated([1] * 8), ["--method", "c2"], DataError, "c2 then needs 10 days; there are 8"),
        (dated([1] * 30), ["--years", "4"], ConfigError, "--years is 4, which --method p-value"),
        (dated([1] * 30), ["--level", "0.7"], ConfigError, "--level is 0.7"),
        (dated([1] * 30), ["--method", "cusum", "--from", "x"], ConfigError, "--from is 'x'"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    written: Written, text: str, options: list[str], error: type[KmsError], message: str
) -> None:
    found = refused("--incidence", written(text), *options)
    assert isinstance(found, error)
    assert message in str(found)
