"""`kms metric traceability`, `serial-interval` and `offspring` on plain files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kms.cli.metric import metric_app
from kms.errors import ConfigError, DataError, KmsError


def table(tmp_path: Path, text: str, *words: str) -> list[dict[str, str]]:
    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(metric_app, [*words[:2], str(path), *words[2:]])
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def refused(tmp_path: Path, text: str, *words: str) -> KmsError:
    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(metric_app, [*words[:2], str(path), *words[2:]])
    assert isinstance(result.exception, KmsError), result.output
    assert result.stdout == ""
    assert "\n" not in str(result.exception)
    return result.exception


def sources(rows: int = 21, area: str = "") -> str:
    head = f"{'area,' if area else ''}date,known,unknown,pending,imported\n"
    days = (f"2026-01-{i + 1:02}" for i in range(rows))
    return head + "".join(f"{area + ',' if area else ''}{day},3,2,1,1\n" for day in days)


def test_traceability_prints_a_row_for_each_area(tmp_path: Path) -> None:
    (row,) = table(tmp_path, sources(), "traceability", "--counts", "--population", "1000000")
    assert (row["window_start"], row["window_end"]) == ("2026-01-01", "2026-01-14")
    assert float(row["share"]) == pytest.approx(42 / 70)
    assert float(row["imported_share"]) == pytest.approx(14 / 70)
    assert float(row["bound_high"]) == pytest.approx(56 / 84)
    assert (row["informative"], row["state"]) == ("yes", "final")
    assert row["household_share"] == ""  # the file has no such column: that is not none
    (wide,) = table(tmp_path, sources(), "traceability", "--counts", "--design-effect", "3")
    assert float(wide["low"]) < float(row["low"])
    assert (row["design_effect"], wide["design_effect"]) == ("1.0", "3.0")
    two = sources(area="North") + sources(area="South").split("\n", 1)[1]
    rows = table(tmp_path, two, "traceability", "--counts", "--cut-days", "5")
    assert [r["area"] for r in rows] == ["North", "South"]
    assert {r["window_end"] for r in rows} == {"2026-01-16"}


@pytest.mark.parametrize(
    ("text", "words", "kind", "message"),
    [
        (sources(20), [], DataError, "13 days after a cut of 7"),
        (sources(20), ["--design-effect", "1"], DataError, "window of 14 days .* has 20 days"),
        (sources().replace("3,2,1,1", "3,2,1,4"), [], DataError, "imported"),
        (
            sources().replace("3,2,1,1", "3,,1,1"),
            [],
            DataError,
            "line 2: column 'unknown' is blank",
        ),
        (sources().replace("pending", "open"), [], DataError, "Needed: date,known,unknown,pending"),
        (sources().replace("01-05", "01-06"), [], DataError, "date 2026-01-05 is missing"),
        (sources(2).replace("01-02", "01-01"), [], DataError, "stands twice"),
        ("date,known,unknown,pending\n", [], DataError, "no rows"),
        (sources(), ["--population", "0"], ConfigError, "--population is 0"),
        (
            sources(area="A") + sources(area="B").split("\n", 1)[1],
            ["--population", "5"],
            ConfigError,
            "2 areas, but --population is one number",
        ),
        (
            sources(area="A").replace("A,2026-01-02", ",2026-01-02"),
            [],
            DataError,
            "'area' is blank",
        ),
    ],
)
def test_unusable_sources_are_refused(
    tmp_path: Path, text: str, words: list[str], kind: type[KmsError], message: str
) -> None:
    error = refused(tmp_path, text, "traceability", "--counts", *words)
    assert isinstance(error, kind)
    with pytest.raises(kind, match=message):
        raise error


def pairs(intervals: list[int]) -> str:
    head = "source_first,source_last,infected_first,infected_last,pairs\n"
    rows = (
        f"2026-01-10,2026-01-10,2026-01-{10 + days:02},2026-01-{10 + days:02},4\n"
        for days in intervals
    )
    return head + "".join(rows)


def test_serial_interval_prints_the_best_family(tmp_path: Path) -> None:
    (row,) = table(tmp_path, pairs([1, 2, 3, 3, 4, 5, 6, 9]), "serial-interval", "--pairs")
    assert row["family"] in {"gamma", "lognormal"}
    assert float(row["mean"]) == pytest.approx(33 / 8, abs=0.1)
    assert (float(row["pairs"]), row["state"]) == (32, "final")
    (normal,) = table(
        tmp_path, pairs([-2, 1, 2, 3, 3, 4, 5, 6, 9]), "serial-interval", "--pairs"
    )  # fmt: skip
    assert normal["family"] == "normal"
    assert float(normal["negative_share"]) == pytest.approx(1 / 9)
    (shifted,) = table(
        tmp_path, pairs([1, 2, 3, 3, 4, 5, 6, 9]), "serial-interval", "--pairs",
        "--family", "gamma", "--last-date", "2026-01-20",
    )  # fmt: skip
    assert float(shifted["mean"]) > float(row["mean"])


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        ("a,b\n1,2\n", [], "Needed: source_first"),
        (pairs([]), [], "no rows"),
        (pairs([2]).replace("2026-01-12", "12.1.2026"), [], "line 2: column 'date' is '12.1.2026'"),
        (pairs([-5]), ["--family", "gamma"], "cannot be that negative"),
        (pairs([5]), ["--last-date", "2026-01-14"], "lies after last_day"),
    ],
)
def test_unusable_pairs_are_refused(
    tmp_path: Path, text: str, words: list[str], message: str
) -> None:
    assert message in str(refused(tmp_path, text, "serial-interval", "--pairs", *words))


def test_offspring_prints_dispersion_and_the_share_of_spreaders(tmp_path: Path) -> None:
    text = "infected,cases\n0,70\n1,15\n2,8\n5,4\n14,3\n"
    (row,) = table(tmp_path, text, "offspring", "--infected")
    assert float(row["r"]) == pytest.approx((15 + 16 + 20 + 42) / 100)
    assert 0.1 < float(row["k"]) < 0.5
    assert float(row["share_causing_80_percent"]) < 0.3
    assert row["state"] == "final"
    (same,) = table(tmp_path, "infected\n" + "1\n" * 30, "offspring", "--infected")
    assert same["k"] == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n\n1\n", "Needed: infected"),
        ("infected\n", "no cases"),
        ("infected\n1.5\n", "whole numbers"),
        ("infected,cases\n1,0\n", "no cases"),
    ],
)
def test_unusable_offspring_are_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in str(refused(tmp_path, text, "offspring", "--infected"))


def test_a_shift_without_a_family_is_refused(tmp_path: Path) -> None:
    text = "source_first,source_last,infected_first,infected_last\n"
    error = refused(tmp_path, text, "serial-interval", "--pairs", "--shift-days", "5")
    assert isinstance(error, ConfigError)
    assert "--shift-days 5 shifts one distribution" in str(error)
