"""Monthly files of work accident and illness reports: every report known on the release day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ingest.demo.cells import DateCells, from_numbers, from_table, joined, write_lines
from ingest.demo.clock import INJURIES_FROM, INJURY_RELEASES
from ingest.demo.faults import draw_rows
from ingest.demo.manifest import WrittenRelease
from ingest.demo.workplaces.firm_cells import id_and_name, place_columns
from ingest.demo.workplaces.injuries import DISABILITIES, EVENTS, NO_PERSON, SHARES
from ingest.demo.workplaces.releases import UNKNOWN_PSIC

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from ingest.demo.places import Geography
    from ingest.demo.workplaces.establishments import Establishments
    from ingest.demo.workplaces.injuries import Injuries

COLUMNS = (
    "report_id,establishment_id,establishment_name,region,province,city_municipality,psgc,psic,"
    "workers_male,workers_female,occurred_on,reported_on,event,person_no,sex,occupation,nature,"
    "body_part,agency,disability,days_lost,days_charged"
)
FIRST_NUMBER = 20_000
IMPOSSIBLE_DATE = "2026-02-30"
NATURES = ("Cut", "Burn", "Fracture", "Sprain", "Bruise", "Eye injury", "Crushing")
BODY_PARTS = ("Hand", "Arm", "Leg", "Foot", "Back", "Head", "Eye")
AGENCIES = ("Machine", "Hand tool", "Ladder", "Vehicle", "Hot surface", "Falling object", "Floor")
OCCUPATIONS = ("Operator", "Labourer", "Driver", "Technician", "Clerk", "Cleaner", "Foreman")


@dataclass(frozen=True)
class ReportedRows:
    """Faults of the rows that are ever reported, and words that describe them."""

    row: NDArray[np.int64]  # index into the persons
    words: NDArray[np.int64]  # (rows, 4)
    faults: dict[str, NDArray[np.bool_]]

    def counted(self) -> NDArray[np.bool_]:
        """Return which rows the store counts."""
        return np.asarray(~(self.faults["bad_date"] | self.faults["contradicted"]))


def make_rows(injuries: Injuries, rng: np.random.Generator) -> ReportedRows:
    """Draw what is wrong with the rows known on the last release day."""
    row = np.flatnonzero(injuries.reported[injuries.event] <= INJURY_RELEASES[-1].toordinal())
    faults = {name: draw_rows(rng, len(row), share) for name, share in SHARES.items()}
    hurt = injuries.person[row] > 0
    faults["contradicted"] &= hurt & ~faults["bad_date"]
    faults["sex_blank"] &= hurt
    return ReportedRows(row, rng.integers(0, len(NATURES), (len(row), 4)), faults)


def write_injury_releases(
    folder: Path,
    workplaces: tuple[Geography, Establishments],
    injuries: Injuries,
    rows: ReportedRows,
    *,
    days: Sequence[date],
) -> list[WrittenRelease]:
    """Write one file per release day, under `folder/YYYYMMDD/`."""
    lines = _lines(*workplaces, injuries, rows, contradicts=False)
    others = _lines(*workplaces, injuries, rows, contradicts=True)
    reported = injuries.reported[injuries.event[rows.row]]
    written = []
    for day in days:
        known = reported <= day.toordinal()
        again = lines.filter(pa.array(known & rows.faults["doubled"]))
        against = others.filter(pa.array(known & rows.faults["contradicted"]))
        shown = pa.concat_arrays([lines.filter(pa.array(known)), again, against])
        path = folder / f"{day:%Y%m%d}" / f"dole_wair_{day:%Y%m%d}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        size = write_lines(path, COLUMNS, shown)
        reports = len(np.unique(injuries.event[rows.row[known]]))
        written.append(WrittenRelease(day, path, len(shown), reports, [], size))
    return written


def _lines(
    geography: Geography,
    firms: Establishments,
    injuries: Injuries,
    rows: ReportedRows,
    *,
    contradicts: bool,
) -> Any:
    """Return one line a row; those that contradict give another number of days lost."""
    row, faults = rows.row, rows.faults
    event = injuries.event[row]
    firm = injuries.establishment[event]
    disability = injuries.disability[row]
    hurt = disability != NO_PERSON
    dates = DateCells(INJURIES_FROM.toordinal() - 60, INJURY_RELEASES[-1].toordinal())
    occurred = dates.iso(injuries.occurred[event])
    occurred = np.where(faults["bad_date"], len(dates.texts), occurred)
    reported = np.where(
        faults["reported_before"], injuries.occurred[event] - 9, injuries.reported[event]
    )
    psic = np.where(faults["unknown_psic"], len(firms), firm)
    sex = np.where(hurt & ~faults["sex_blank"], 1 + injuries.female[row], 0)
    numbers = ["", *(str(number) for number in range(1, 9))]
    columns = [
        from_numbers(FIRST_NUMBER + event, prefix="WAIR-"),
        *id_and_name(firms, firm),
        *place_columns(geography, firms, firm),
        from_table([*firms.psic, UNKNOWN_PSIC], psic),
        from_numbers(firms.male[firm]),
        from_numbers(firms.female[firm]),
        from_table([*dates.texts, IMPOSSIBLE_DATE], occurred),
        from_table(dates.texts, dates.iso(reported)),
        from_table(EVENTS, injuries.kind[event]),
        from_table(numbers, injuries.person[row]),
        from_table(["", "male", "female"], sex),
        *(
            pa.compute.if_else(pa.array(hurt), from_table(words, rows.words[:, place]), "")
            for place, words in enumerate((OCCUPATIONS, NATURES, BODY_PARTS, AGENCIES))
        ),
        from_table(DISABILITIES, disability),
        pa.compute.if_else(
            pa.array(hurt), from_numbers(injuries.days_lost[row] + 3 * contradicts), ""
        ),
        pa.compute.if_else(pa.array(hurt), from_numbers(injuries.days_charged[row]), ""),
    ]
    return joined(columns)
