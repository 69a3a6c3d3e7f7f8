"""Find the area a file means by its region, province, city and code texts; never guess.

Names are matched inside their province: exactly, then by likeness. A name not found there may
still be the only one of its region. Likeness is never used over a wider area, because "Naga" or
"San Fernando" would then find the wrong one of several. A code counts only where it agrees with
the names; on conflict the names win and the match is flagged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from rapidfuzz import fuzz, process

from kms.domain.areas import MANILA_CITY, NCR, Areas
from kms.domain.place_index import Names, build_index
from kms.domain.place_names import place_keys, region_keys, squeeze

ROF: Final = "nonplace:rof"
REPATRIATE: Final = "nonplace:repatriate"
UNKNOWN: Final = "nonplace:unknown"

CODE_CONFLICT: Final = "place_code_conflict"
NOT_FOUND: Final = "place_unknown"
AMBIGUOUS: Final = "place_ambiguous"
OTHER_PROVINCE: Final = "place_province_conflict"
OTHER_REGION: Final = "place_region_conflict"

LEAST_LIKENESS: Final = 84
LEAST_LEAD: Final = 3
_MANILA_PREFIXES: Final = {9: "1339", 10: "13806"}


class PlaceMatch(NamedTuple):
    """The most specific unit found, its level, how it was found, and what was odd about it.

    `how`: exact, fuzzy, region_unique, country_unique, code, province, province_only, region,
    region_only, non_place. `province` and `region` say that nothing finer was given; with
    `_only`, that a finer name was given and not found.
    """

    code: str
    level: str
    how: str
    flag: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """What the look-up of a city gave: no code, one, or several."""

    codes: frozenset[str] = frozenset()
    how: str = ""
    flag: str | None = None

    @property
    def one(self) -> str:
        return next(iter(self.codes)) if len(self.codes) == 1 else ""


@dataclass(frozen=True, slots=True)
class _Within:
    """The province and region the texts name ('' when none), and what was odd about them."""

    unit: str
    region: str
    flag: str | None

    @property
    def nearest(self) -> str:
        return self.unit or self.region


class PlaceMatcher:
    """Matches place texts against the areas and their aliases."""

    def __init__(self, areas: Areas, aliases: Iterable[Mapping[str, str]]) -> None:
        """Index the names; `aliases` are the rows of area_aliases.csv."""
        self._areas = areas
        self._index = build_index(areas, aliases)

    def match(self, region: str, province: str, city: str, code: str = "") -> PlaceMatch:
        """Return the most specific unit the texts agree on, or a non-place."""
        away = self._non_place(region)
        if away in (ROF, REPATRIATE):
            return PlaceMatch(away, "non_place", "non_place")
        region_code = self._find_region(region)
        within = self._find_province(province, region_code)
        coded = self.area_of_code(code) if code else ""
        if within.unit and self._areas.get(within.unit).is_leaf:
            found = _Found(frozenset({within.unit}), "exact", within.flag)
            return self._compare(found, coded)
        if self._is_blank(city):
            return self._fall_back(within, _Found(), coded, region if not region_code else "")
        found = self._find_city(city, within)
        if found.one:
            return self._compare(found, coded)
        return self._fall_back(within, found, coded, city)

    def match_april_2020(self, region_res: str, prov_city_res: str) -> PlaceMatch:
        """Match the file of April 2020: RegionRes holds provinces or 'NCR', ProvCityRes cities."""
        if self._find_region(region_res) or self._non_place(region_res):
            return self.match(region_res, "", prov_city_res)
        return self.match("", region_res, prov_city_res)

    def area_of_code(self, code: str) -> str:
        """Return the current code of a 9- or 10-digit code, 'PH' allowed, '' when unknown.

        Codes of barangays give their city or municipality, those of Manila's districts Manila.
        """
        digits = code.strip().upper().removeprefix("PH")
        if not digits.isascii() or not digits.isdigit():
            return ""
        if len(digits) == 8:
            digits = "0" + digits
        if digits.startswith(_MANILA_PREFIXES.get(len(digits), "no such length")):
            return MANILA_CITY
        return self._index.codes.get(digits) or self._index.codes.get(digits[:-3] + "000", "")

    def _compare(self, found: _Found, coded: str) -> PlaceMatch:
        """Check the city found by name against the code; the name wins."""
        area = self._areas.get(found.one)
        agrees = not coded or coded == area.code or coded in self._index.above[area.code]
        return PlaceMatch(area.code, area.level, found.how, found.flag if agrees else CODE_CONFLICT)

    def _fall_back(self, within: _Within, found: _Found, coded: str, unread: str) -> PlaceMatch:
        """Without one city: the code if it agrees, else the province, the region, or nothing."""
        known = within.nearest
        flag = within.flag
        if not self._is_blank(unread):
            flag = AMBIGUOUS if found.codes else NOT_FOUND
        if coded and self._areas.get(coded).is_leaf:
            agrees = not known or known in self._index.above[coded]
            if found.codes:
                agrees, flag = coded in found.codes, within.flag
            if agrees:
                return PlaceMatch(coded, self._areas.get(coded).level, "code", flag)
            flag = CODE_CONFLICT
        if not known:
            return PlaceMatch(UNKNOWN, "non_place", "non_place", flag)
        level = self._areas.get(known).level
        finer_given = flag in (NOT_FOUND, AMBIGUOUS)
        return PlaceMatch(known, level, f"{level}_only" if finer_given else level, flag)

    def _find_region(self, region: str) -> str:
        if self._is_blank(region):
            return ""
        regions = self._index.regions
        return next((regions[key] for key in region_keys(region) if key in regions), "")

    def _find_province(self, province: str, region: str) -> _Within:
        """Return the province (or the city that stands for one); Metro Manila is both."""
        inside = NCR if region == NCR else ""
        if self._is_blank(province):
            return _Within(inside, region, None)
        provinces = self._index.provinces
        keys = region_keys(province)
        for unit in (provinces[key] for key in keys if key in provinces):
            agrees = not region or region in self._index.regions_of[unit]
            return _Within(unit, region, None if agrees else OTHER_REGION)
        if inside or not region:
            return _Within(inside, region, None if inside else NOT_FOUND)
        near = {
            key: frozenset({unit})
            for key, unit in provinces.items()
            if region in self._index.regions_of[unit]
        }
        unit = _most_alike(keys[0], near)
        return _Within(unit, region, None if unit else NOT_FOUND)

    def _find_city(self, city: str, within: _Within) -> _Found:
        """Look a city up in its province (exactly, then by likeness), then in its region."""
        keys = place_keys(city)
        if within.unit:
            names = self._index.in_unit[within.unit]
            codes = _exact(keys, names) or _exact(self._without_suffix(keys, within.unit), names)
            if codes:
                return _Found(codes, "exact", within.flag)
            alike = _most_alike(keys[0], names) if keys else ""
            if alike:
                return _Found(frozenset({alike}), "fuzzy", within.flag)
        for region in self._regions_to_search(within):
            codes = _exact(keys, self._index.in_region[region])
            if codes:
                fits = not within.unit and not within.flag
                return _Found(codes, "region_unique", None if fits else OTHER_PROVINCE)
        if within.nearest or within.flag:
            return _Found()
        return _Found(_exact(keys, self._index.in_country), "country_unique")

    def _regions_to_search(self, within: _Within) -> list[str]:
        if not within.unit:
            return [within.region] if within.region else []
        regions = sorted(self._index.regions_of[within.unit])
        return sorted(regions, key=lambda region: region != within.region)

    def _without_suffix(self, keys: tuple[str, ...], unit: str) -> tuple[str, ...]:
        """Return "Dasmariñas Cavite" as "Dasmariñas"."""
        ending = squeeze(self._areas.get(unit).name)
        return tuple(key.removesuffix(ending) for key in keys if key != ending)

    def _non_place(self, text: str) -> str:
        return self._index.non_places.get(squeeze(text), "") if text else ""

    def _is_blank(self, text: str) -> bool:
        return not squeeze(text) or self._non_place(text) == UNKNOWN


def _exact(keys: tuple[str, ...], names: Names) -> frozenset[str]:
    return next((names[key] for key in keys if key in names), frozenset())


def _most_alike(key: str, names: Names) -> str:
    """Return the one code whose name is most like the key, '' when none or two are."""
    best = process.extract(
        key, list(names), scorer=fuzz.ratio, score_cutoff=LEAST_LIKENESS, limit=2
    )
    if not best or (len(best) == 2 and best[0][1] - best[1][1] < LEAST_LEAD):
        return ""
    codes = names[best[0][0]]
    return next(iter(codes)) if len(codes) == 1 else ""
