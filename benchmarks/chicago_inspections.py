"""Turn the Chicago food inspections into the inspections CSV of docs/sources/dole_inspections.md.

The only open data that show how much a finding depends on who inspects: 27,600 inspections, 44
items each, the group of the inspector for two thirds of them. One row for each inspection and
item; places are left blank, since the layout's are Philippine ones.

    python benchmarks/chicago_inspections.py FOLDER OUTPUT [--first N]

FOLDER holds `chicago_food_inspections_features.csv.gz`, `chicago_model_scores.csv.gz` and
`chicago_violation_matrix.csv.gz`; OUTPUT is named like `dole_inspections_20150101.csv`.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

FEATURES = "chicago_food_inspections_features.csv.gz"
SCORES = "chicago_model_scores.csv.gz"
MATRIX = "chicago_violation_matrix.csv.gz"
COLUMNS = (
    "inspection_id", "establishment_id", "region", "province", "city_municipality", "psgc", "psic",
    "workers_male", "workers_female", "risk_class", "mode", "trigger", "visit", "date_opened",
    "date_closed", "regional_office", "inspector", "item_code", "applicable", "compliant_initial",
    "compliant_after", "corrected_on", "severity_weight",
)  # fmt: skip
RISKS = {"Risk 1 (High)": "high", "Risk 2 (Medium)": "medium", "Risk 3 (Low)": "low"}
# PSIC divisions of the common kinds; the others stay blank.
INDUSTRIES = {
    "Restaurant": "56", "Catering": "56", "TAVERN": "56", "CAFETERIA": "56", "Golden Diner": "56",
    "Grocery Store": "47", "Liquor": "47", "GAS STATION": "47", "Wholesale": "46",
    "Bakery": "10", "School": "85", "Hospital": "86", "Long Term Care": "87",
}  # fmt: skip
INSPECTION_ID = "Inspection_ID"


def convert(folder: Path, output: Path, first: int | None = None) -> Counter[str]:
    """Write the inspections, or the first so many; return what was written."""
    groups = {row[INSPECTION_ID]: row["Inspector_Assigned"] for row in rows_of(folder / SCORES)}
    # A pseudonym has a digit, or it may be a name.
    pseudonyms = {
        group: f"group-{n}-{group}" for n, group in enumerate(sorted(set(groups.values())), 1)
    }
    inspections = zip(rows_of(folder / FEATURES), rows_of(folder / MATRIX), strict=True)
    counts: Counter[str] = Counter()
    with output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for visit, found in islice(inspections, first):
            if visit[INSPECTION_ID] != found[INSPECTION_ID]:
                raise SystemExit(
                    f"{MATRIX}: inspection {found[INSPECTION_ID]} stands where {FEATURES} has "
                    f"{visit[INSPECTION_ID]}; the files do not belong together"
                )
            inspector = pseudonyms.get(groups.get(visit[INSPECTION_ID], ""), "")
            counts["inspections"] += 1
            counts["with inspector"] += bool(inspector)
            head = inspection(visit) | {"inspector": inspector}
            for item, times in found.items():
                if item != INSPECTION_ID:
                    met = float(times) == 0
                    counts["items"] += 1
                    counts["items not met"] += not met
                    writer.writerow(
                        head
                        | {
                            "item_code": f"CHICAGO-{int(item):02}",
                            "compliant_initial": "YES" if met else "NO",
                        }
                    )
    return counts


def inspection(visit: dict[str, str]) -> dict[str, str]:
    """Return what the rows of one inspection have in common."""
    return {
        "inspection_id": f"CHI-{visit[INSPECTION_ID].removesuffix('.0')}",
        "establishment_id": f"CHI-{visit['License'].removesuffix('.0')}",
        "psic": INDUSTRIES.get(visit["Facility_Type"], ""),
        "risk_class": RISKS.get(visit["Risk"], ""),
        "trigger": "routine" if visit["Inspection_Type"] == "Canvass" else "",
        "visit": "first",
        "date_opened": visit["Inspection_Date"][:10],
        "regional_office": "Chicago",
        "applicable": "YES",
    }


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Read a packed CSV file row by row."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def main() -> None:
    """Convert, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("output", type=Path, nargs="?")
    parser.add_argument("--first", type=int, help="so many inspections only")
    given = parser.parse_args()
    if given.folder is None or given.output is None:
        print("nothing to convert: name the folder of the three files, and the file to write")
        return
    for what, number in convert(given.folder, given.output, given.first).items():
        print(f"{what:16}{number:>12,}")


if __name__ == "__main__":
    main()
