"""`kms metric r` under uncertainty and from weeks, and `cohort-r`."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kms.cli.metric import metric_app
from kms.config import ROOT
from kms.errors import KmsError

GOLDEN = ROOT / "tests" / "golden" / "own"
SI = ["--si-mean", "4.7", "--si-sd", "2.9"]


def table(*arguments: object) -> pd.DataFrame:
    result = CliRunner().invoke(metric_app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return pd.read_csv(io.StringIO(result.stdout))


def refused(*arguments: object) -> str:
    result = CliRunner().invoke(metric_app, [str(a) for a in arguments])
    assert isinstance(result.exception, KmsError), result.output
    assert result.stdout == ""
    assert "\n" not in str(result.exception)
    return str(result.exception)


def dated(path: Path, counts: list[int], step: int = 1, column: str = "cases") -> Path:
    days = pd.date_range("2023-01-02", periods=len(counts), freq=f"{step}D").strftime("%Y-%m-%d")
    pd.DataFrame({"date": days, column: counts}).to_csv(path, index=False)
    return path


@pytest.fixture
def rising(tmp_path: Path) -> Path:
    return dated(tmp_path / "days.csv", [round(20 * 1.05**t) for t in range(70)])


@pytest.fixture
def weeks(tmp_path: Path) -> Path:
    counts = pd.read_csv(GOLDEN / "inputs" / "weekly_smooth_wave.csv")["cases"]
    return dated(tmp_path / "weeks.csv", counts.tolist(), 7)


def test_an_uncertain_interval_widens_the_range(rising: Path) -> None:
    known = table("r", "--incidence", rising, *SI)
    mixed = table("r", "--incidence", rising, *SI, "--si-mean-sd", 1, "--si-sd-sd", 0.5)
    assert list(mixed.columns) == list(known.columns)
    width = [(t["q0.975"] - t["q0.025"]).iloc[-1] for t in (known, mixed)]
    assert width[1] > 1.5 * width[0]
    assert mixed["median"].iloc[-1] == pytest.approx(known["median"].iloc[-1], rel=0.03)


def test_the_interval_of_a_disease_may_be_uncertain(rising: Path) -> None:
    mixed = table("r", "--incidence", rising, "--disease", "covid19", "--si-mean-sd", 0.8)
    assert mixed["p_above_1"].iloc[-1] > 0.99


def test_several_windows_give_few_cases_a_longer_one(tmp_path: Path) -> None:
    counts = np.random.default_rng(2).poisson([20.0] * 60 + [1.0] * 60).tolist()
    path = dated(tmp_path / "few.csv", counts)
    both = table("r", "--incidence", path, *SI, "--window", 7, "--window", 14)
    alone = {
        days: table("r", "--incidence", path, *SI, "--window", days).set_index("t_end")
        for days in (7, 14)
    }
    days = both["t_end"] - both["t_start"] + 1
    assert set(days) == {7, 14}
    for length in (7, 14):
        rows = both[days == length].set_index("t_end")
        np.testing.assert_allclose(
            rows["median"], alone[length].loc[rows.index, "median"], rtol=0.2
        )
    assert (days[(both["t_end"] >= 45) & (both["t_end"] <= 60)] == 7).all()
    assert (both["state"] == "final").sum() > (alone[7]["state"] == "final").sum()
    one = table("r", "--incidence", path, *SI).set_index("t_end")
    pd.testing.assert_frame_equal(one, alone[7])


def test_windows_that_fit_nothing_are_refused(rising: Path, weeks: Path) -> None:
    two = ["--window", "7", "--window", "14"]
    for path, words, message in (
        (rising, [*two, "--plain"], "--window is 7, 14, but only one can be used with --plain"),
        (weeks, [*two, "--weekly"], "only one can be used with --weekly"),
        (rising, [*two, "--si-mean-sd", "1"], "only one can be used with --si-mean-sd"),
        (rising, ["--window", "14", "--window", "7"], "--window is 14, 7. Give several windows"),
    ):
        assert message in refused("r", "--incidence", path, *SI, *words)


def test_weeks_meet_the_reference_tool(weeks: Path) -> None:
    expected = pd.read_csv(GOLDEN / "golden" / "estimate_r_agg.csv")
    expected = expected[
        (expected["method"] == "parametric_si") & (expected["recon_opt"] == "naive")
    ]
    got = table("r", "--incidence", weeks, *SI, "--weekly", "--plain", "--window", 7)
    assert got["t_start"].iloc[0] == 8
    rows = got.set_index("t_start").loc[expected["t_start"]]
    for ours, theirs in (("mean", "mean"), ("q0.025", "q0025"), ("q0.975", "q0975")):
        np.testing.assert_allclose(rows[ours], expected[theirs], rtol=1e-8)


def test_weeks_give_windows_of_three(weeks: Path) -> None:
    got = table("r", "--incidence", weeks, *SI, "--weekly")
    assert (got["t_end"] - got["t_start"] == 20).all()
    assert got["state"].iloc[-1] == "final"
    short = table("r", "--incidence", weeks, *SI, "--weekly", "--window", 14)
    assert set(short["state"]) == {"withheld"}


def test_cohort_r_is_hidden_until_its_time_is_over(rising: Path) -> None:
    got = table("cohort-r", "--incidence", rising, *SI)
    assert list(got.columns[:3]) == ["t_start", "t_end", "cohort_r"]
    assert got["state"].iloc[-1] == "hidden"
    assert got["state"].iloc[30] == "final"
    assert got["cohort_r"].iloc[30] == pytest.approx(1.05**4.5, rel=0.03)
    poisson = table("cohort-r", "--incidence", rising, *SI, "--offspring-k", "inf")
    assert (poisson["high"] - poisson["low"]).iloc[30] < (got["high"] - got["low"]).iloc[30]


def test_reports_still_to_come_are_made_up_for(rising: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.csv"
    known.write_text("h,share\n0,0.5\n1,0.5\n2,1\n", encoding="utf-8")
    whole = table("cohort-r", "--incidence", rising, *SI)
    late = table("cohort-r", "--incidence", rising, *SI, "--known", known)
    assert (late["seen"].iloc[-8:] < whole["seen"].iloc[-8:]).all()
    assert late["cohort_r"].iloc[20] == pytest.approx(whole["cohort_r"].iloc[20])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("h,share\n", "no rows below the header"),
        ("d,share\n0,1\n", "columns are d, share. Needed: h,share"),
        ("h,share\n1,1\n", "line 2: h is 1, expected 0"),
        ("h,share\n0,1.2\n", "column 'share' is 1.2, above 1"),
    ],
)
def test_unusable_shares_are_refused(rising: Path, tmp_path: Path, text: str, message: str) -> None:
    known = tmp_path / "known.csv"
    known.write_text(text, encoding="utf-8")
    assert message in refused("cohort-r", "--incidence", rising, *SI, "--known", known)


def test_options_that_contradict_each_other_are_refused(rising: Path, weeks: Path) -> None:
    uncertain = ["--si-mean-sd", "0.5"]
    one = GOLDEN / "inputs" / "si_pmf.csv"
    for words, message in (
        (["--si", str(one), *uncertain], "--si is a known interval"),
        ([*SI, *uncertain, "--plain"], "--plain takes one serial interval"),
        ([*SI, *uncertain, "--weekly"], "--weekly takes one serial interval"),
        ([*SI, "--si-mean-sd", "-1"], "mean_sd -1.0 days"),
        ([*SI, "--disease", "covid19", *uncertain], "exclude each other"),
    ):
        assert message in refused("r", "--incidence", rising, *words)
    assert "multiple of 7" in refused("r", "--incidence", weeks, *SI, "--weekly", "--window", 20)
    assert "above 0, or inf" in refused("cohort-r", "--incidence", rising, *SI, "--offspring-k", 0)


def test_days_given_as_weeks_and_missing_weeks_are_refused(
    rising: Path, weeks: Path, tmp_path: Path
) -> None:
    assert "not 7 days after the one before" in refused("r", "--incidence", rising, *SI, "--weekly")
    rows = weeks.read_text(encoding="utf-8").splitlines()
    gap = tmp_path / "gap.csv"
    gap.write_text("\n".join(rows[:4] + rows[5:]), encoding="utf-8")
    said = refused("r", "--incidence", gap, *SI, "--weekly")
    assert "date 2023-01-23 is missing" in said
    assert "Add the week" in said
    imported = tmp_path / "imported.csv"
    imported.write_text("date,local,imported\n2023-01-02,5,1\n2023-01-09,5,0\n", encoding="utf-8")
    assert "leave the imported cases out" in refused("r", "--incidence", imported, *SI, "--weekly")
