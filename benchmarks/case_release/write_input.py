"""Write a made-up release of the DOH line list: `write_input.py FOLDER ROWS`.

The final 22 columns in 13 files, cells as long as in the real ones (218 bytes a row), places in
the demonstration's spellings. Synthetic: no person is described.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.demo.cases.place_cells import place_cells
from ingest.demo.cases.releases import COLUMNS, MESSAGES
from ingest.demo.cells import DateCells, joined, quoted, write_lines
from ingest.demo.places import read_geography
from kms.domain.areas import NCR

PARTS = 13
COPIES, BAD_REPORTS = 0.003, 22e-6  # shares of the rows: about 12,300 and 90 of 4.1 M
FIRST_DAY, RELEASE = date(2020, 3, 1).toordinal(), date(2023, 6, 10).toordinal()
SWAPPED_DAY = date(2021, 3, 25).toordinal()
BLANK, METRO_EXCESS = -1, 3.0
BARANGAYS = ("POBLACION", "SAN ISIDRO", "BARANGAY 12 (POB.)", "SANTO NIÑO", "SAN JOSE")
AGE_GROUPS = [*(f"{low} to {low + 4}" for low in range(0, 80, 5)), "80+"]

Ints = NDArray[np.int64]
Random = np.random.Generator


def main(folder: Path, rows: int) -> None:
    """Write every record once, and exact copies of some anywhere between."""
    rng = np.random.default_rng(20_261_121)
    copies = round(COPIES * rows)
    count = rows - copies
    columns = records(count, rng)
    where = np.sort(rng.integers(0, count, copies))
    record = np.insert(np.arange(count), where, rng.integers(0, count, copies))
    for number, chunk in enumerate(np.array_split(record, PARTS)):
        name = f"DOH COVID Data Drop_ 20230610 - 04 Case Information_batch_{number}.csv"
        index = pa.array(chunk)
        lines = joined([column.take(index).cast(pa.string()) for column in columns])
        write_lines(folder / name, COLUMNS, lines)


def records(count: int, rng: Random) -> list[pa.Array]:
    """Return the cells of every record, in the order of the columns."""
    day_cell, report, reported = report_days(count, rng)
    specimen = report - rng.integers(0, 5, count)
    result = np.maximum(specimen, report - rng.integers(0, 3, count))
    died, female = rng.random(count) < 0.016, rng.random(count) < 0.52
    age = np.minimum(rng.gamma(4.0, 9.5, count), 99).astype(np.int64)
    outcome = cell(["RECOVERED", "DIED"], died)
    return [
        case_codes(count),
        cell([*(f"{n}.0" for n in range(100)), "", "200.0"],
             np.where(rng.random(count) < 0.003, 100 + (age > 60), age)),
        cell(AGE_GROUPS, np.minimum(age // 5, 16)),
        cell(["MALE", "FEMALE"], female),
        day_cell(np.where(rng.random(count) < 0.03, BLANK, specimen)),
        day_cell(np.where(rng.random(count) < 0.06, BLANK, result)),
        reported,
        day_cell(np.where(died, report + rng.integers(-5, 20, count), BLANK)),
        day_cell(np.where(~died & (rng.random(count) < 0.3), report + 14, BLANK)),
        outcome,
        cell(["NO", "YES", ""], rng.choice(3, count, p=[0.6, 0.1, 0.3])),
        places(count, rng),
        outcome,
        cell(["NO", "YES"], rng.random(count) < 0.15),
        onsets(report, rng),
        cell(["", "NO"], female),
        cell([quoted("\n".join(lines)) for lines in MESSAGES],
             rng.choice(len(MESSAGES), count, p=[0.50, 0.06, 0.10, 0.26, 0.04, 0.04])),
    ]  # fmt: skip


def case_codes(count: int) -> pa.Array:
    """Return codes without order, each once but for a few persons with the code of another."""
    numbers = 10_000_000 + np.arange(count) * 7_919_317 % 90_000_000
    pairs = max(2, count // 100_000)
    numbers[:pairs] = numbers[-pairs:]
    return pa.array([f"C{number}" for number in numbers.tolist()], pa.string())


def date_texts() -> tuple[DateCells, list[str]]:
    table = DateCells(FIRST_DAY - 800, RELEASE + 400)
    return table, [*table.texts, "2021-13-45", "unknown"]


def report_days(count: int, rng: Random) -> tuple[Callable[[Ints], pa.Array], Ints, pa.Array]:
    """Return a writer of days, the report days of five waves, and their cells with bad ones."""
    table, texts = date_texts()
    wave = rng.choice(5, count, p=[0.16, 0.24, 0.36, 0.14, 0.10])
    centre, width = np.array([170, 430, 570, 690, 900]), np.array([50, 40, 45, 12, 70])
    days = np.clip(rng.normal(centre[wave], width[wave]), 5, 1190).astype(np.int64) + FIRST_DAY

    def index(days: Ints) -> Ints:
        return np.where(days == BLANK, 0, table.iso(days))

    cells = index(days)
    late, swapped = table.iso(np.array([RELEASE + 300])), table.swapped(np.array([SWAPPED_DAY]))
    wrong = np.array([0, table.year_1900, len(texts) - 2, len(texts) - 1, late[0], swapped[0]])
    bad = rng.choice(count, max(6, round(BAD_REPORTS * count)), replace=False)
    cells[bad] = wrong[np.arange(len(bad)) % len(wrong)]
    return lambda days: cell(texts, index(days)), days, cell(texts, cells)


def onsets(report: Ints, rng: Random) -> pa.Array:
    """Return onset cells: 55 % blank, a few after the report, years before, swapped, in 1900."""
    table, texts = date_texts()
    chance = rng.random(len(report))
    onset = report - 1 - rng.gamma(2.0, 3.0, len(report)).astype(np.int64)
    onset = np.select([chance < 5e-4, chance < 6e-4], [report + 3, report - 500], onset)
    kinds = [chance > 0.45, (chance > 6e-4) & (chance < 11e-4), (chance > 11e-4) & (chance < 13e-4)]
    years = np.full(len(report), table.year_1900)
    cells = np.select(kinds, [table.blank(len(report)), table.swapped(onset), years],
                      table.iso(onset))  # fmt: skip
    return cell(texts, cells)


def places(count: int, rng: Random) -> pa.Array:
    """Draw the six place cells by population, in the demonstration's spellings of them."""
    geography = read_geography()
    known = place_cells(geography)
    people = np.array([city.population for city in geography.cities], dtype=np.float64)
    attack = rng.lognormal(0.0, 0.8, len(people))  # uneven: Metro Manila had a third of all cases
    people *= attack * [METRO_EXCESS if city.region == NCR else 1.0 for city in geography.cities]
    weight = np.zeros(len(known.texts))
    np.add.at(weight, known.garbled_city, 0.005 * people)
    runs = zip(known.first_of_city, known.spellings_of_city, people, strict=True)
    for first, spellings, size in runs:
        weight[first : first + spellings] += size / spellings
    weight[known.blank_city] = 0.06 * geography.population
    np.add.at(weight, known.blank_province[geography.province_region], 0.01 * geography.population)
    weight[[known.blank, known.returning]] = 0.005 * people.sum()
    texts = [text for place in known.texts for text in with_barangays(place)]
    share = np.cumsum(weight) / weight.sum()
    drawn = np.searchsorted(share, rng.random(count), side="right")
    return cell(texts, drawn * len(BARANGAYS) + rng.integers(0, len(BARANGAYS), count))


def with_barangays(place: str) -> list[str]:
    """Return the place with each barangay; without one where no city is known by code."""
    code = place.rpartition(",")[2]
    if not code:
        return [f"{place},,"] * len(BARANGAYS)
    return [f"{place},{name},{code[:-3]}{n + 1:03}" for n, name in enumerate(BARANGAYS)]


def cell(texts: list[str], index: NDArray[Any]) -> pa.Array:
    """Return a column of texts by index; they become text when a part is written."""
    return pa.DictionaryArray.from_arrays(
        pa.array(index.astype(np.int32)), pa.array(texts, pa.string())
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
