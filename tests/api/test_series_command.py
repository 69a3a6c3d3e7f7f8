"""`kms series`: the columns of the contract, exact figures, its exit codes."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from kms.cli.console import run
from kms.cli.series import series_app
from kms.errors import DONE, REFUSED, USAGE
from kms.store.engine import Store
from tests.published import LEYTE_REGION, PLANTED, PLANTED_ON

HEADER = "ref_date,value,low,high,state,completeness"


@pytest.fixture(autouse=True)
def home(published_home: Path, published: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KMS_HOME", str(published_home))


def test_csv_has_the_columns_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(series_app, ["--indicator", "r_t", "--from", "2021-03-01"]) == DONE
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == HEADER
    day, value, low, high, state, _share = lines[1].split(",")
    assert (day, state) == ("2021-03-01", "final")
    assert float(low) < float(value) < float(high)


def test_the_operator_sees_exact_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(series_app, ["--indicator", "cases_report", "--area", LEYTE_REGION]) == DONE
    rows = csv.DictReader(StringIO(capsys.readouterr().out))
    (value,) = [row["value"] for row in rows if row["ref_date"] == PLANTED_ON.isoformat()]
    assert value == str(PLANTED)


def test_json_names_the_publication(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--indicator", "compliance_initial", "--sector", "I", "--format", "json"]
    assert run(series_app, words) == DONE
    told = json.loads(capsys.readouterr().out)
    assert told["publication"].startswith("2021-03-21-")
    assert told["sector"] == "I"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--indicator", "nonsense"], USAGE, "indicator is 'nonsense'"),
        (["--indicator", "r_t", "--area", "1"], USAGE, "area is '1'"),
        (["--indicator", "r_t", "--from", "monday"], USAGE, "--from is 'monday'"),
        (["--indicator", "r_t", "--as-of", "2001-01-01"], REFUSED, "nothing had been published"),
        ([], USAGE, "--indicator"),
    ],
)
def test_refusals_are_one_line_with_an_exit_code(
    words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(series_app, words) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_help_says_that_figures_are_exact(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(series_app, ["--help"]) == DONE
    assert "EXACT" in capsys.readouterr().out
