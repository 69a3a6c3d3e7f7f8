"""Areas of the Philippines: units, dated membership, one tree per sum, census populations.

Every city and municipality (a leaf) goes up one tree: leaf, unit, region, country. The unit is
the geographic province with its highly urbanised cities (`via="province"`, as in tables of the
Department of Health) or the statistical unit without them (`via="psa_unit"`). Two counts of the
same people must never go up both trees.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

Row = Mapping[str, str]
Via = Literal["province", "psa_unit"]
UnitLevel = Literal["country", "region", "province", "psa_unit", "city_municipality"]

COUNTRY: Final = "0000000000"
NCR: Final = "1300000000"
MANILA_CITY: Final = "1380600000"
LEAF_LEVELS: Final = frozenset({"huc", "icc", "city", "municipality"})
CENSUS_DAYS: Final = (date(2015, 8, 1), date(2020, 5, 1), date(2024, 7, 1))
CURRENT_LIMITS_FROM: Final = date(2023, 1, 1)


class Census(NamedTuple):
    """People counted in 2015, 2020 (today's limits and those of its day) and 2024."""

    pop_2015: int | None
    pop_2020: int | None
    pop_2020_published: int | None
    pop_2024: int | None


@dataclass(frozen=True, slots=True)
class Area:
    """One unit of the Philippine Standard Geographic Code; parents are today's."""

    code: str
    level: str
    name: str
    short_name: str
    label: str
    old_names: tuple[str, ...]
    psgc9: str
    psgc_2023: str
    island_group: str
    region: str
    province: str
    psa_unit: str
    valid_from: date | None
    valid_to: date | None
    census: Census
    census_incl_huc: Census
    area_km2: float | None
    lat: float | None
    lon: float | None

    @property
    def is_leaf(self) -> bool:
        """Whether counts start here: a city or a municipality."""
        return self.level in LEAF_LEVELS

    def in_force(self, on: date | None) -> bool:
        """Whether the unit existed on a day; without a day: whether it still does."""
        if on is None:
            return self.valid_to is None
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on < self.valid_to
        )


@dataclass(frozen=True, slots=True)
class Membership:
    """A unit's parent from one day until (not including) another."""

    code: str
    parent: str
    start: date | None
    end: date | None
    instrument: str
    verified: bool

    def in_force(self, on: date | None) -> bool:
        """Whether it held on a day; without a day: whether it holds now."""
        if on is None:
            return self.end is None
        return (self.start is None or self.start <= on) and (self.end is None or on < self.end)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A neighbouring unit: over land (km of shared border) or sea (km between)."""

    code: str
    kind: str
    km: float


class Lineage(NamedTuple):
    """The one way up of a leaf; in Metro Manila `unit` and `region` are the same code."""

    leaf: str
    unit: str
    region: str
    country: str

    @property
    def ancestors(self) -> tuple[str, ...]:
        """Units above the leaf, each once."""
        return tuple(code for code in dict.fromkeys(self[1:]) if code != self.leaf)


class Areas:
    """All areas, looked up by code, with parents as of any day."""

    def __init__(
        self,
        areas: Iterable[Area],
        memberships: Iterable[Membership] = (),
        neighbours: Iterable[tuple[str, str, Neighbour]] = (),
    ) -> None:
        """Index the units; `neighbours` are (level, code, neighbour), one direction each."""
        self._areas = {area.code: area for area in areas}
        self._dated: dict[str, list[Membership]] = defaultdict(list)
        for membership in memberships:
            self._dated[membership.code].append(membership)
        self._neighbours: dict[tuple[str, str], list[Neighbour]] = defaultdict(list)
        for level, code, neighbour in neighbours:
            self._neighbours[level, code].append(neighbour)
        self._members: dict[date, dict[str, list[str]]] = {}  # day -> region -> its leaves

    def __contains__(self, code: object) -> bool:
        return code in self._areas

    def __iter__(self) -> Iterator[Area]:
        return iter(self._areas.values())

    def __len__(self) -> int:
        return len(self._areas)

    def get(self, code: str) -> Area:
        """Return the unit with this 10-digit code; raise `ValueError` when there is none."""
        try:
            return self._areas[code]
        except KeyError:
            raise ValueError(
                f"area {code!r} is not in areas.csv; give the bare 10-digit code of the Philippine "
                "Standard Geographic Code, 0000000000 for the country"
            ) from None

    def region_of(self, code: str, on: date | None = None) -> str:
        """Return the region a unit belonged to on a day (default: belongs to now)."""
        area = self.get(code)
        if area.level in ("country", "region"):
            return code if area.level == "region" else ""
        parent = self._dated_parent(code, on, level="region")
        if parent:
            return parent
        province = self.unit_of(code, on)
        return area.region if province in (code, NCR) else self.region_of(province, on)

    def unit_of(self, code: str, on: date | None = None, via: Via = "province") -> str:
        """Return the province (or statistical unit) a unit belonged to on a day."""
        area = self.get(code)
        current = area.province if via == "province" else area.psa_unit
        if current == code:
            return code
        return self._dated_parent(code, on, level="province") or current

    def ancestors(
        self, code: str, on: date | None = None, via: Via = "province"
    ) -> tuple[str, ...]:
        """Return the units above any unit, nearest first, each once."""
        area = self.get(code)
        if area.level == "country":
            return ()
        if area.level == "region":
            return (COUNTRY,)
        district_of = (MANILA_CITY,) if area.level == "submunicipality" else ()
        above = (*district_of, self.unit_of(code, on, via), self.region_of(code, on), COUNTRY)
        return tuple(unit for unit in dict.fromkeys(above) if unit != code)

    def ever_above(self, code: str) -> frozenset[str]:
        """Return every unit that is or was above this one."""
        above = set(self.ancestors(code))
        above |= {membership.parent for membership in self._dated.get(code, ())}
        for parent in tuple(above):
            above |= {membership.parent for membership in self._dated.get(parent, ())}
            above |= set(self.ancestors(parent))
        return frozenset(above)

    def lineage(self, leaf: str, on: date | None = None, via: Via = "province") -> Lineage:
        """Return the way up of one city or municipality on a day."""
        if not self.get(leaf).is_leaf:
            raise ValueError(f"area {leaf} is a {self.get(leaf).level}, not a city or municipality")
        return Lineage(leaf, self.unit_of(leaf, on, via), self.region_of(leaf, on), COUNTRY)

    def tree(self, on: date | None = None, via: Via = "province") -> dict[str, Lineage]:
        """Return the way up of every city and municipality on a day: what sums go along."""
        return {area.code: self.lineage(area.code, on, via) for area in self if area.is_leaf}

    def units(self, level: UnitLevel, on: date | None = None) -> tuple[Area, ...]:
        """Return the units of a level on a day, by code.

        `province` holds Metro Manila, the City of Isabela and the Special Geographic Area beside
        the provinces; `psa_unit` holds provinces without their highly urbanised cities, those
        cities, and Pateros.
        """
        if level == "country":
            return (self.get(COUNTRY),)
        if level == "region":
            return tuple(area for area in self if area.level == "region" and area.in_force(on))
        if level == "city_municipality":
            return tuple(area for area in self if area.is_leaf)
        codes = {lineage.unit for lineage in self.tree(on, level).values()}
        return tuple(self.get(code) for code in sorted(codes))

    def children(
        self, code: str, on: date | None = None, via: Via = "province"
    ) -> tuple[Area, ...]:
        """Return the units directly below; a city or municipality has none."""
        if code == COUNTRY:
            return self.units("region", on)
        ways = self.tree(on, via).values()
        below = {way.unit for way in ways if way.region == code} - {code}
        below = below or {way.leaf for way in ways if way.unit == code} - {code}
        return tuple(self.get(child) for child in sorted(below))

    def neighbours(self, code: str, level: str) -> tuple[Neighbour, ...]:
        """Return the neighbours of a unit among those of its level (region, province, psa_unit)."""
        return tuple(self._neighbours.get((level, code), ()))

    def population(self, code: str, on: date, *, incl_huc: bool = True) -> float | None:
        """Return the people of a unit on a day, interpolated linearly between census days.

        Held at the first and last census outside them, never extrapolated. Before 2023 the
        limits of the 2020 census apply (Makati and Taguig changed hands of ten barangays); a
        unit without a 2015 figure keeps that of 2020. `incl_huc=False`: provinces without
        their highly urbanised cities, as in tables of the Philippine Statistics Authority.
        A region has the people of the cities and municipalities it had on that day, so that a
        rate's cases and people come from the same places.
        """
        area = self.get(code)
        if area.level == "region":
            return self._people_of_region(code, on)
        census = area.census_incl_huc if incl_huc else area.census
        if census.pop_2020 is None:
            return None
        in_2020 = census.pop_2020_published or census.pop_2020
        if on < CENSUS_DAYS[1]:
            return _between(CENSUS_DAYS[:2], census.pop_2015 or in_2020, in_2020, on)
        moved = 0 if on >= CURRENT_LIMITS_FROM else in_2020 - census.pop_2020
        latest = census.pop_2024 or census.pop_2020
        return moved + _between(CENSUS_DAYS[1:], census.pop_2020, latest, on)

    def _people_of_region(self, code: str, on: date) -> float | None:
        if on not in self._members:
            members: dict[str, list[str]] = {}
            for leaf in self:
                if leaf.is_leaf:
                    members.setdefault(self.region_of(leaf.code, on), []).append(leaf.code)
            self._members[on] = members
        people = [self.population(leaf, on) for leaf in self._members[on].get(code, ())]
        return sum(number for number in people if number is not None) or None

    def _dated_parent(self, code: str, on: date | None, *, level: str) -> str:
        for membership in self._dated.get(code, ()):
            if membership.in_force(on) and self.get(membership.parent).level == level:
                return membership.parent
        return ""


def read_areas(
    areas: Iterable[Row], memberships: Iterable[Row] = (), neighbours: Iterable[Row] = ()
) -> Areas:
    """Build the registry from the rows of areas.csv, area_membership.csv, area_neighbours.csv."""
    pairs: list[tuple[str, str, Neighbour]] = []
    for row in neighbours:
        for near, far in ((row["a"], row["b"]), (row["b"], row["a"])):
            pairs.append((row["level"], near, Neighbour(far, row["kind"], float(row["km"]))))
    return Areas(
        (_read_area(row) for row in areas), (_read_membership(row) for row in memberships), pairs
    )


def _read_area(row: Row) -> Area:
    plain = Census(
        *(_count(row[f"pop_{key}"]) for key in ("2015", "2020", "2020_published", "2024"))
    )
    whole = [_count(row[f"pop_{key}_incl_huc"]) for key in ("2015", "2020", "2024")]
    published = plain.pop_2020_published if row["level"] != "province" else whole[1]
    return Area(
        code=row["code"],
        level=row["level"],
        name=row["name"],
        short_name=row["short_name"],
        label=row["label"],
        old_names=tuple(name for name in row["old_names"].split("; ") if name),
        psgc9=row["psgc9"],
        psgc_2023=row["psgc_2023"],
        island_group=row["island_group"],
        region=row["region"],
        province=row["province"],
        psa_unit=row["psa_unit"],
        valid_from=_day(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
        census=plain,
        census_incl_huc=Census(whole[0], whole[1], published, whole[2]),
        area_km2=_number(row["area_km2"]),
        lat=_number(row["lat"]),
        lon=_number(row["lon"]),
    )


def _read_membership(row: Row) -> Membership:
    return Membership(
        code=row["code"],
        parent=row["parent"],
        start=_day(row["from"]),
        end=_day(row["to"]),
        instrument=row["instrument"],
        verified=row["verified"] == "yes",
    )


def _between(days: tuple[date, ...], start: float, end: float, on: date) -> float:
    share = (on - days[0]).days / (days[1] - days[0]).days
    return start + (end - start) * min(max(share, 0.0), 1.0)


def _count(text: str) -> int | None:
    return int(text) if text else None


def _number(text: str) -> float | None:
    return float(text) if text else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
