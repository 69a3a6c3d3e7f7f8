"""`kms metric nowcast` on plain files."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from kms.cli.metric import metric_app
from kms.errors import KmsError

FIRST = date(2024, 1, 1)
HEADER = "date,observed,nowcast,low,q25,median,q75,high,share_known,state"


def run(path: Path, *options: object) -> Result:
    return CliRunner().invoke(
        metric_app, ["nowcast", "--cases", str(path), *(str(o) for o in options)]
    )


def table(path: Path, *options: object) -> pd.DataFrame:
    result = run(path, *options)
    assert result.exit_code == 0, result.output
    return pd.read_csv(io.StringIO(result.stdout))


def refused(path: Path, *options: object) -> str:
    result = run(path, *options)
    assert isinstance(result.exception, KmsError), result.output
    assert result.stdout == ""
    assert "\n" not in str(result.exception)
    return str(result.exception)


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    """Cases by onset day and delay, 80 days, complete."""
    rng = np.random.default_rng(61)
    h = np.arange(15)
    pmf = (h + 0.5) * np.exp(-h / 2.0)
    return np.stack([rng.multinomial(rng.poisson(40), pmf / pmf.sum()) for _ in range(80)])


def write_line_list(path: Path, counts: np.ndarray, *, area: str = "") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*(["area"] if area else []), "onset", "report", "cases"])
        for t, d in np.argwhere(counts):
            onset = FIRST + timedelta(days=int(t))
            report = onset + timedelta(days=int(d))
            writer.writerow([*([area] if area else []), onset, report, counts[t, d]])
    return path


def write_triangle(path: Path, counts: np.ndarray) -> Path:
    days, delays = counts.shape
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["onset", *(f"d{d}" for d in range(delays))])
        for t in range(days):
            cells = [counts[t, d] if t + d < days else "" for d in range(delays)]
            writer.writerow([FIRST + timedelta(days=t), *cells])
    return path


def test_a_line_list_is_nowcast(tmp_path: Path, drawn: np.ndarray) -> None:
    path = write_line_list(tmp_path / "cases.csv", drawn)
    as_of = FIRST + timedelta(days=79)
    got = table(path, "--as-of", as_of, "--longest-delay", 14)
    assert ",".join(got.columns) == HEADER
    assert len(got) == 80
    assert got["date"].iloc[-1] == as_of.isoformat()
    truth = drawn.sum(axis=1)
    assert (got["observed"] <= truth).all()
    assert got["observed"].iloc[-5:].sum() < 0.6 * truth[-5:].sum()
    provisional = got["state"] == "provisional"
    assert got["nowcast"][provisional].sum() == pytest.approx(truth[provisional].sum(), rel=0.2)
    assert ((got["low"] <= truth) & (truth <= got["high"])).mean() > 0.9
    assert got["state"].iloc[-1] == "hidden"
    assert got["state"].iloc[0] == "final"


def test_a_triangle_and_its_line_list_say_the_same(tmp_path: Path, drawn: np.ndarray) -> None:
    lines = write_line_list(tmp_path / "cases.csv", drawn)
    triangle = write_triangle(tmp_path / "triangle.csv", drawn)
    options = ("--longest-delay", 14)
    as_of = ("--as-of", FIRST + timedelta(days=79))
    pd.testing.assert_frame_equal(table(lines, *options, *as_of), table(triangle, *options))


def test_areas_stand_first_and_late_reports_are_told(tmp_path: Path, drawn: np.ndarray) -> None:
    path = write_line_list(tmp_path / "cases.csv", drawn, area="Cebu")
    result = run(path, "--longest-delay", 10)
    assert result.exit_code == 0
    assert result.stdout.startswith("area,date,observed")
    assert "cases came after 10 days and are left out" in result.stderr


def test_a_short_list_says_nothing_unless_it_may_lean(tmp_path: Path, drawn: np.ndarray) -> None:
    path = write_line_list(tmp_path / "cases.csv", drawn[:15])
    as_of = ("--as-of", FIRST + timedelta(days=14), "--longest-delay", 14)
    alone = table(path, *as_of)
    assert set(alone["state"].iloc[-14:]) == {"hidden"}
    assert alone["nowcast"].iloc[-14:].isna().all()
    pmf = drawn.sum(axis=0) / drawn.sum()
    delay = tmp_path / "delay.csv"
    rows = "".join(f"{d},{p!r}\n" for d, p in enumerate(pmf.tolist()))
    delay.write_text("d,p\n" + rows, encoding="utf-8")
    leaning = table(path, *as_of, "--delay", delay)
    assert "provisional" in set(leaning["state"])


def test_help_says_what_a_missing_day_means() -> None:
    said = " ".join(CliRunner().invoke(metric_app, ["nowcast", "--help"]).stdout.split())
    assert "no case began count as days without cases" in said
    assert "a missing day is not 0" in said


def test_a_missing_day_of_a_triangle_is_not_zero(tmp_path: Path, drawn: np.ndarray) -> None:
    path = write_triangle(tmp_path / "triangle.csv", drawn[:40])
    lines = path.read_text(encoding="utf-8").splitlines()
    left_out = [*lines[:21], *lines[22:]]
    blank = [*lines[:21], "2024-01-21" + "," * 15, *lines[22:]]
    one = [*lines[:21], lines[21].rsplit(",", 1)[0] + ",", *lines[22:]]
    short = [f"A,{x}" for x in lines[1:]] + [f"B,{x}" for x in lines[1:-3]]
    late = [f"A,{x}" for x in lines[1:]] + [f"B,{x}" for x in lines[4:]]
    for rows, message in (
        (left_out, "after line 21: onset 2024-01-21 has no row"),
        (blank, "line 22: column 'd0' of onset 2024-01-21 is blank"),
        (one, "line 22: column 'd14' of onset 2024-01-21 is blank, though 2024-02-04"),
        (["area," + lines[0], *short], "after line 78: onset 2024-02-07 of area 'B' has no row"),
        (["area," + lines[0], *late], "csv: onset 2024-01-01 of area 'B' has no row"),
    ):
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        said = refused(path)
        assert message in said
        assert "0 only where no case was reported" in said
    assert "2024-02-10 has no row" in refused(
        write_triangle(path, drawn[:40]), "--as-of", "2024-02-10"
    )
    path.write_text("\n".join([*lines[:11], *lines[12:]]) + "\n", encoding="utf-8")
    assert len(table(path, "--longest-delay", 5, "--days", 20)) == 20


def test_an_outbreak_with_a_steady_delay_is_no_change_of_it(tmp_path: Path) -> None:
    """It was told as reports that came sooner and figures too high, with a range about zero."""
    rng = np.random.default_rng(62)
    pmf = np.diff(1 - np.exp(-((np.arange(30) / 8.0) ** 1.5)))
    truth = rng.poisson(np.where(np.arange(110) < 98, 0.1, 30.0))
    big = rng.poisson(60, 110)
    counts = [
        np.stack([rng.multinomial(n, pmf / pmf.sum()) for n in cases]) for cases in (big, truth)
    ]
    paths = [
        write_line_list(tmp_path / f"{a}.csv", c, area=a)
        for a, c in zip(("big", "quiet"), counts, strict=True)
    ]
    rows = paths[1].read_text(encoding="utf-8").splitlines(keepends=True)[1:]
    paths[0].write_text(paths[0].read_text(encoding="utf-8") + "".join(rows), encoding="utf-8")
    result = run(paths[0], "--as-of", FIRST + timedelta(days=109))
    assert result.exit_code == 0, result.output
    assert "expected in the last three weeks" not in result.stderr
    got = pd.read_csv(io.StringIO(result.stdout)).query("area == 'quiet'").iloc[-10:-4]
    inside = (got["low"] <= truth[-10:-4]) & (truth[-10:-4] <= got["high"])
    assert inside.sum() >= 5


def test_a_changed_delay_is_told(tmp_path: Path, drawn: np.ndarray) -> None:
    later = np.zeros((80, 29))
    later[:, :15] = drawn * 5
    moved = np.zeros_like(later)
    moved[:, 4:] = later[:, :-4]
    later[55:] = moved[55:]
    path = write_triangle(tmp_path / "triangle.csv", later.astype(int))
    result = run(path, "--longest-delay", 28)
    assert result.exit_code == 0, result.output
    assert "reports came later than expected" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("when,report\n", "line 1: columns are when, report. Needed: onset,report"),
        ("onset,report\n", "no rows below the header"),
        ("onset,report\n2024-01-05,2024-01-03\n", "report 2024-01-03 lies before onset 2024-01-05"),
        ("onset,report\n,2024-01-03\n", "line 2: column 'onset' is blank"),
        ("onset,report\n2024-01-05,3/1/2024\n", "line 2: column 'report' is '3/1/2024'"),
        ("onset,report,cases\n2024-01-05,2024-01-06,1.5\n", "column 'cases' is 1.5"),
        ("area,onset,report\n,2024-01-05,2024-01-06\n", "column 'area' is blank"),
        ("onset,d0,d2\n2024-01-05,1,2\n", "A triangle needs onset,d0,d1,… without gaps"),
        ("onset,d0\n2024-01-05,1\n2024-01-05,2\n", "onset 2024-01-05 stands twice"),
        ("onset,d0\n2024-01-05,-1\n", "column 'd0' is -1, below 0"),
        ("onset,d0\n", "no rows below the header"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(text, encoding="utf-8")
    assert message in refused(path)


def test_options_that_leave_nothing_are_refused(tmp_path: Path, drawn: np.ndarray) -> None:
    path = write_line_list(tmp_path / "cases.csv", drawn)
    assert "no report up to 2023-01-01" in refused(path, "--as-of", "2023-01-01")
    assert "--as-of is '1 May'" in refused(path, "--as-of", "1 May")
    delay = tmp_path / "delay.csv"
    delay.write_text("d,p\n0,0.5\n2,0.5\n", encoding="utf-8")
    assert "d is 2, expected 1" in refused(path, "--delay", delay)
    delay.write_text("d,p\n0,0.5\n1,0.4\n", encoding="utf-8")
    assert "2 shares add up to 0.9" in refused(path, "--delay", delay)
    delay.write_text("day,p\n", encoding="utf-8")
    assert "Needed: d,p" in refused(path, "--delay", delay)
