"""Where demonstration cases live: provinces and cities, with the names DOH prints for them.

Codes, names and populations come from `data/reference/areas.csv`; this module only knows how
the Data Drop spells them.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kms.config import ROOT
from kms.domain.areas import MANILA_CITY, NCR

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

AREAS = ROOT / "data" / "reference" / "areas.csv"
CITY_LEVELS = frozenset({"huc", "icc", "city", "municipality"})

DOH_REGIONS = {
    "0100000000": "Region I: Ilocos Region",
    "0200000000": "Region II: Cagayan Valley",
    "0300000000": "Region III: Central Luzon",
    "0400000000": "Region IV-A: CALABARZON",
    "0500000000": "Region V: Bicol Region",
    "0600000000": "Region VI: Western Visayas",
    "0700000000": "Region VII: Central Visayas",
    "0800000000": "Region VIII: Eastern Visayas",
    "0900000000": "Region IX: Zamboanga Peninsula",
    "1000000000": "Region X: Northern Mindanao",
    "1100000000": "Region XI: Davao Region",
    "1200000000": "Region XII: SOCCSKSARGEN",
    "1300000000": "NCR",
    "1400000000": "CAR",
    "1600000000": "CARAGA",
    "1700000000": "Region IV-B: MIMAROPA",
    # DOH closed the Data Drop before the region was created: our own choice.
    "1800000000": "Negros Island Region (NIR)",
    "1900000000": "BARMM",
}
DOH_PROVINCES = {
    "0806000000": "SAMAR (WESTERN SAMAR)",
    "0990100000": "CITY OF ISABELA (NOT A PROVINCE)",
    "1204700000": "COTABATO (NORTH COTABATO)",
    "1300000000": "NCR",
    "1999900000": "SPECIAL GEOGRAPHIC AREA",  # newer than the Data Drop: our own choice
}
CITY_IS_PROVINCE = {"1908703000": "COTABATO CITY (NOT A PROVINCE)"}


@dataclass(frozen=True)
class City:
    """A city or municipality: its codes, its plain names and what DOH prints for it."""

    code: str
    level: str
    code9: str
    name: str
    old_name: str
    province: str
    region: str
    population: int

    @property
    def printed(self) -> str:
        """A DOH spelling, such as `CEBU CITY`, `LAPU-LAPU CITY (OPON)` or `CITY OF MAKATI`.

        The Data Drop's own mixture follows no rule. Here highly urbanised cities outside Metro
        Manila have CITY last, with their old name; all others are as PSA has them.
        """
        name = self.name.upper()
        if self.level != "huc" or self.region == NCR:
            return name
        old = f" ({self.old_name.upper()})" if self.old_name else ""
        return f"{name.removeprefix('CITY OF ')} CITY{old}"

    @property
    def old_codes(self) -> list[str]:
        """`PH` and the nine-digit code; Manila appears under fifteen, new units under none."""
        if self.code == MANILA_CITY:
            return [f"PH1339{district:02d}000" for district in range(15)]
        return [f"PH{self.code9}" if self.code9 else ""]


@dataclass(frozen=True)
class Geography:
    """The 85 demonstration provinces (82, NCR, Isabela City, the SGA) and their cities."""

    provinces: list[str]
    province_names: list[str]
    province_region: NDArray[np.int64]  # index into regions
    population: NDArray[np.float64]  # per province
    regions: list[str]
    region_names: list[str]
    cities: list[City]
    city_province: NDArray[np.int64]  # index into provinces, ascending

    def printed_province(self, city: City) -> str:
        """Return ProvRes as DOH prints it for a case of that city."""
        if city.code in CITY_IS_PROVINCE:
            return CITY_IS_PROVINCE[city.code]
        return self.printed_province_of(self.provinces.index(city.province))

    def printed_province_of(self, province: int) -> str:
        """Return ProvRes as DOH prints it for the province with that index."""
        code = self.provinces[province]
        return DOH_PROVINCES.get(code, self.province_names[province].upper())

    def draw_cities(
        self, rng: np.random.Generator, province: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Draw a city index for each province index, by population with uneven attack rates."""
        people = np.array([city.population for city in self.cities], dtype=np.float64)
        weight = (people + 1.0) * rng.lognormal(0.0, 0.35, len(people))
        total = np.bincount(self.city_province, weight, len(self.provinces))
        cumulative = np.cumsum(weight / total[self.city_province])
        drawn = np.searchsorted(cumulative, province + rng.random(len(province)))
        first = np.searchsorted(self.city_province, province)
        last = np.searchsorted(self.city_province, province, side="right") - 1
        return np.clip(drawn, first, last).astype(np.int64)


def read_geography(path: Path = AREAS) -> Geography:
    """Read provinces, regions and cities with their 2024 population from the reference table."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = {row["code"]: row["name"] for row in rows}
    cities = sorted((_city(row) for row in rows if row["level"] in CITY_LEVELS), key=_by_province)
    if not cities:
        raise ValueError(f"{path}: no rows of level city or municipality; is it the areas table?")
    people: dict[str, int] = defaultdict(int)
    region_of: dict[str, str] = {}
    for city in cities:
        people[city.province] += city.population
        region_of[city.province] = city.region
    provinces = list(people)
    regions = sorted(set(region_of.values()))
    index = {code: place for place, code in enumerate(provinces)}
    return Geography(
        provinces=provinces,
        province_names=[names.get(code, code) for code in provinces],
        province_region=np.array([regions.index(region_of[code]) for code in provinces]),
        population=np.array([people[code] for code in provinces], dtype=np.float64),
        regions=regions,
        region_names=[names.get(code, code) for code in regions],
        cities=cities,
        city_province=np.array([index[city.province] for city in cities]),
    )


def _city(row: dict[str, str]) -> City:
    population = row["pop_2024"].strip()
    return City(
        code=row["code"],
        level=row["level"],
        code9=row["psgc9"],
        name=row["name"],
        old_name=row["old_names"],
        province=row["province"] or row["region"],
        region=row["region"],
        population=int(float(population)) if population else 0,
    )


def _by_province(city: City) -> tuple[str, str]:
    return city.province, city.code
