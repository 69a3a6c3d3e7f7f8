"""Data Drop releases of the register, each a complete line list as known on its day.

Every text line a record can have (outcome known or not, onset and place before or after their
revision) is made once; a release is a selection of lines, so that twenty releases cost little
more than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.demo.cases.persons import SEVERITIES
from ingest.demo.cases.records import ABSURD_AGE, BLANK_AGE
from ingest.demo.cells import DateCells, from_numbers, from_table, joined, quoted, write_lines
from ingest.demo.clock import LAST_DAY, NEVER
from ingest.demo.manifest import WrittenRelease

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from ingest.demo.cases.persons import Persons
    from ingest.demo.cases.place_cells import PlaceCells
    from ingest.demo.cases.records import Records

COLUMNS = (
    "CaseCode,Age,AgeGroup,Sex,DateSpecimen,DateResultRelease,DateRepConf,DateDied,DateRecover,"
    "RemovalType,Admitted,RegionRes,ProvRes,CityMunRes,CityMuniPSGC,BarangayRes,BarangayPSGC,"
    "HealthStatus,Quarantined,DateOnset,Pregnanttab,ValidationStatus"
)
AGE_GROUPS = ("", *(f"{low} to {low + 4}" for low in range(0, 80, 5)), "80+")
MESSAGES = (
    (),
    ("Age or Birthdate is Invalid",),
    ("Case has Lab Result, but Result Date is blank",),
    (
        'Removal Type is "Recovered", but no Recovered Date is recorded',
        'Health Status is "Recovered", but no Date Recovered is recorded',
    ),
    ("Multiple location names correspond to the same City PSGC",),
    ("Case had Date Admitted but is not Admitted (or vice versa)",),
)
TWICE = frozenset({3, 4})
"""Messages the register prints twice in a row."""
OUTCOME, ONSET, PLACE = 1, 2, 4
RECOVERY_DATED_SHARE = 0.30
FLAGGED_SHARE = 0.06


def date_cells(first_onset: date) -> DateCells:
    """Return the table of all dates a release can print."""
    return DateCells(first_onset.toordinal() - 30, LAST_DAY.toordinal() + 60)


@dataclass(frozen=True)
class Register:
    """Persons, what is recorded about them, and the texts those records point to."""

    persons: Persons
    records: Records
    places: PlaceCells
    dates: DateCells


def write_releases(
    folder: Path, register: Register, days: Sequence[date], rng: np.random.Generator
) -> list[WrittenRelease]:
    """Write every release under `folder/YYYYMMDD/` by its real file name."""
    persons, records = register.persons, register.records
    states = [_state(persons, records, day) for day in days]
    used = np.zeros((len(records), 8), dtype=np.bool_)
    for state in states:
        shown = np.flatnonzero(state >= 0)
        used[shown, state[shown]] = True
    line_of = (np.cumsum(used.ravel()) - 1).reshape(used.shape)
    record, variant = np.nonzero(used)
    lines = _lines(register, record, variant, rng)
    order = np.lexsort((records.code, records.report))
    written: list[WrittenRelease] = []
    before = np.zeros(1_000_000, dtype=np.bool_)
    for day, state in zip(days, states, strict=True):
        shown = order[state[order] >= 0]
        times = 1 + (records.doubled_until[shown] > day.toordinal())
        chosen = np.repeat(line_of[shown, state[shown]], times)
        name = f"DOH COVID Data Drop_ {day:%Y%m%d} - 04 Case Information.csv"
        path = folder / f"{day:%Y%m%d}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = write_lines(path, COLUMNS, lines.take(chosen))
        codes = np.zeros_like(before)
        codes[records.code[shown]] = True
        removed = [f"C{code}" for code in np.flatnonzero(before & ~codes)]
        written.append(WrittenRelease(day, path, len(chosen), int(codes.sum()), removed, size))
        before = codes
    return written


def _state(persons: Persons, records: Records, day: date) -> NDArray[np.int8]:
    """Return the variant of each record a release of that day shows, -1 where it shows none."""
    today = day.toordinal()
    known = persons.outcome_known[records.person] <= today
    state = OUTCOME * known + ONSET * (records.onset_changed <= today)
    state = state + PLACE * (records.place_changed <= today)
    shown = (records.visible <= today) & (today < records.removed)
    return np.where(shown, state, -1).astype(np.int8)


def _lines(
    register: Register,
    record: NDArray[np.int64],
    variant: NDArray[np.int64],
    rng: np.random.Generator,
) -> Any:
    """Return the text of each (record, variant) as an Arrow array."""
    persons, records, dates = register.persons, register.records, register.dates
    person = records.person[record]
    known = (variant & OUTCOME) > 0
    died = known & persons.died[person]
    recovered = known & ~persons.died[person]
    dated = (rng.random(len(records)) < RECOVERY_DATED_SHARE)[record] & recovered
    age = records.age[record]
    day_texts = dates.texts
    onset = np.where(variant & ONSET, records.onset_last[record], records.onset_first[record])
    place = np.where(variant & PLACE, records.place_last[record], records.place_first[record])
    recovery = np.where(dated, persons.recovery[person], NEVER)
    death = np.where(died, persons.death[person], NEVER)
    outcome = np.where(died, 2, np.where(recovered, 1, 0))
    health = np.where(outcome > 0, len(SEVERITIES) + outcome - 1, persons.severity[person])
    flags = _flags(records, record, recovered & ~dated, rng)
    columns = [
        from_numbers(records.code[record], prefix="C"),
        from_table(["", *(f"{years}.0" for years in range(ABSURD_AGE + 1))], age + 1),
        from_table(AGE_GROUPS, np.where(age == BLANK_AGE, 0, 1 + np.minimum(age // 5, 16))),
        from_table(["MALE", "FEMALE"], persons.female[person]),
        from_table(day_texts, records.specimen_cell[record]),
        from_table(day_texts, records.result_cell[record]),
        from_table(day_texts, records.report_cell[record]),
        from_table(day_texts, dates.iso(death)),
        from_table(day_texts, dates.iso(recovery)),
        from_table(["", "RECOVERED", "DIED"], outcome),
        from_table(["NO", "YES", ""], _admitted(persons, rng)[person]),
        from_table(
            [f"{text},," for text in register.places.texts], place
        ),  # with the barangay's blanks
        from_table([*SEVERITIES, "RECOVERED", "DIED"], health),
        from_table(["NO", "YES"], (rng.random(len(persons)) < 0.15)[person]),
        from_table(day_texts, onset),
        from_table(["", "NO", "YES"], _pregnant(persons, rng)[person]),
        from_table([_message(index) for index in range(len(MESSAGES))], flags),
    ]
    return joined(columns)


def _admitted(persons: Persons, rng: np.random.Generator) -> NDArray[np.int64]:
    """0 no, 1 yes, 2 blank: by severity."""
    share = np.array([0.02, 0.06, 0.75, 0.97, 0.99])[persons.severity]
    admitted = (rng.random(len(persons)) < share).astype(np.int64)
    return np.where(rng.random(len(persons)) < 0.02, 2, admitted)


def _pregnant(persons: Persons, rng: np.random.Generator) -> NDArray[np.int64]:
    """0 blank (males, and some), 1 no, 2 yes."""
    fertile = persons.female & (persons.age >= 15) & (persons.age < 50)
    pregnant = fertile & (rng.random(len(persons)) < 0.03)
    return np.where(persons.female, np.where(pregnant, 2, 1), 0)


def _flags(
    records: Records,
    record: NDArray[np.int64],
    undated: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Index of the validation message of each line."""
    age = records.age[record]
    chance = rng.random(len(records))[record]
    cases = [
        (age == BLANK_AGE) | (age == ABSURD_AGE),
        records.result_cell[record] == 0,
        undated & (chance < FLAGGED_SHARE),
        (chance > FLAGGED_SHARE) & (chance < FLAGGED_SHARE + 0.02),
        chance > 0.992,
    ]
    return np.select(cases, [1, 2, 3, 4, 5], 0)


def _message(index: int) -> str:
    repeat = 2 if index in TWICE else 1
    return quoted("\n".join(message for message in MESSAGES[index] for _ in range(repeat)))
