"""The area registry on a tiny made-up country."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms.domain.areas import COUNTRY, NCR, Areas, Lineage, read_areas
from kms.reference import load_areas

EAST, WEST = "0100000000", "0200000000"
OLD, NORTH, SOUTH = "0100100000", "0100200000", "0100300000"
TOWN, PORT, VALE, MAKATI = "0100201000", "0130100000", "0100301000", "1380300000"
SPLIT, MOVE = date(2022, 9, 17), date(2024, 6, 13)
FIRST, SECOND, THIRD = date(2015, 8, 1), date(2020, 5, 1), date(2024, 7, 1)

# code, level, region, province, psa_unit, from, to, 2015, 2020, 2020 published, 2024, incl. HUC
TABLE = f"""
{COUNTRY} country      -      -       -       -          -           900 1100 1100 1200 - - -
{EAST}    region       -      -       -       -          -           500  600  600  650 - - -
{WEST}    region       -      -       -       -          -           200  250  250  270 - - -
{NCR}     region       -      -       -       -          -           200  250  250  280 - - -
{OLD}     province     {EAST} {OLD}   {OLD}   -          2022-09-17  400  480  480  520 500 600 650
{NORTH}   province     {EAST} {NORTH} {NORTH} 2022-09-17 -           300  360  360  390 400 480 520
{SOUTH}   province     {WEST} {SOUTH} {SOUTH} 2022-09-17 -           100  120  120  130 100 120 130
{TOWN}    municipality {EAST} {NORTH} {NORTH} -          -           300  360  360  390 - - -
{PORT}    huc          {EAST} {NORTH} {PORT}  -          -           100  120  120  130 - - -
{VALE}    city         {WEST} {SOUTH} {SOUTH} -          -             -  120  120  130 - - -
{MAKATI}  huc          {NCR}  {NCR}   {MAKATI} -         -           200  100  250  110 - - -
"""
MEMBERSHIPS = [
    {"code": TOWN, "parent": OLD, "from": "", "to": str(SPLIT)},
    {"code": TOWN, "parent": NORTH, "from": str(SPLIT), "to": ""},
    {"code": PORT, "parent": OLD, "from": "", "to": str(SPLIT)},
    {"code": PORT, "parent": NORTH, "from": str(SPLIT), "to": ""},
    {"code": VALE, "parent": OLD, "from": "", "to": str(SPLIT)},
    {"code": VALE, "parent": SOUTH, "from": str(SPLIT), "to": ""},
    {"code": SOUTH, "parent": EAST, "from": "", "to": str(MOVE)},
    {"code": SOUTH, "parent": WEST, "from": str(MOVE), "to": ""},
]
NEIGHBOURS = [{"level": "region", "a": EAST, "b": WEST, "kind": "sea", "km": "12.5"}]


def country(memberships: list[dict[str, str]] | None = None) -> Areas:
    rows = [_row(line.split()) for line in TABLE.strip().splitlines()]
    found = MEMBERSHIPS if memberships is None else memberships
    dated = [one | {"instrument": "an act", "verified": "yes"} for one in found]
    return read_areas(rows, dated, NEIGHBOURS)


def _row(cells: list[str]) -> Mapping[str, str]:
    values = ["" if cell == "-" else cell for cell in cells]
    code, level, region, province, psa_unit, start, end, *census = values
    whole = [
        huc or plain
        for huc, plain in zip(census[4:], (census[0], census[1], census[3]), strict=True)
    ]
    unused = dict.fromkeys(("psgc9", "psgc_2023", "island_group", "area_km2", "lat", "lon"), "")
    return unused | {
        "code": code,
        "level": level,
        "name": f"Area {code}",
        "short_name": code[:4],
        "label": "",
        "old_names": "",
        "region": region,
        "province": province,
        "psa_unit": psa_unit,
        "valid_from": start,
        "valid_to": end,
        "pop_2015": census[0],
        "pop_2020": census[1],
        "pop_2020_published": census[2],
        "pop_2024": census[3],
        "pop_2015_incl_huc": whole[0],
        "pop_2020_incl_huc": whole[1],
        "pop_2024_incl_huc": whole[2],
    }


def test_an_unknown_code_says_what_to_give() -> None:
    with pytest.raises(
        ValueError, match=r"area '137602000' is not in areas\.csv; give the bare 10-"
    ):
        country().get("137602000")


def test_every_leaf_goes_up_one_tree() -> None:
    areas = country()
    assert areas.tree()[TOWN] == Lineage(TOWN, NORTH, EAST, COUNTRY)
    assert areas.tree(via="psa_unit")[PORT] == Lineage(PORT, PORT, EAST, COUNTRY)
    assert set(areas.tree()) == {TOWN, PORT, VALE, MAKATI}


def test_membership_follows_the_day() -> None:
    areas = country()
    assert areas.lineage(VALE, date(2022, 9, 16)) == Lineage(VALE, OLD, EAST, COUNTRY)
    assert areas.lineage(VALE, SPLIT) == Lineage(VALE, SOUTH, EAST, COUNTRY)
    assert areas.lineage(VALE, date(2024, 6, 12)).region == EAST
    assert areas.lineage(VALE, MOVE).region == WEST
    assert areas.lineage(VALE).region == WEST


def test_a_leaf_with_a_region_of_its_own_in_the_dated_table_keeps_it() -> None:
    areas = country([{"code": PORT, "parent": WEST, "from": "", "to": str(MOVE)}])
    assert areas.region_of(PORT, date(2024, 1, 1)) == WEST
    assert areas.region_of(PORT, MOVE) == EAST


def test_ancestors_name_each_unit_once() -> None:
    areas = country()
    assert areas.lineage(MAKATI).ancestors == (NCR, COUNTRY)
    assert areas.ancestors(MAKATI) == (NCR, COUNTRY)
    assert areas.ancestors(PORT, via="psa_unit") == (EAST, COUNTRY)
    assert areas.ancestors(SOUTH) == (WEST, COUNTRY)
    assert areas.ancestors(EAST) == (COUNTRY,)
    assert areas.ancestors(COUNTRY) == ()
    assert areas.region_of(COUNTRY) == ""
    assert areas.region_of(EAST) == EAST


def test_everything_ever_above_a_unit_is_known() -> None:
    assert country().ever_above(VALE) == {OLD, SOUTH, EAST, WEST, COUNTRY}


def test_only_leaves_have_a_lineage() -> None:
    with pytest.raises(ValueError, match="is a province, not a city or municipality"):
        country().lineage(NORTH)


def test_levels_hold_the_units_of_their_day() -> None:
    areas = country()

    def codes(level: str, on: date | None = None) -> list[str]:
        return [area.code for area in areas.units(level, on)]  # type: ignore[arg-type] # free text

    assert codes("country") == [COUNTRY]
    assert codes("region") == [EAST, WEST, NCR]
    assert codes("province") == [NORTH, SOUTH, NCR]
    assert codes("province", date(2022, 1, 1)) == [OLD, NCR]
    assert codes("psa_unit") == [NORTH, SOUTH, PORT, MAKATI]
    assert codes("city_municipality") == [TOWN, PORT, VALE, MAKATI]


def test_children_are_one_level_down() -> None:
    areas = country()
    below = {
        code: [a.code for a in areas.children(code)] for code in (COUNTRY, EAST, NORTH, NCR, TOWN)
    }
    assert below == {
        COUNTRY: [EAST, WEST, NCR],
        EAST: [NORTH],
        NORTH: [TOWN, PORT],
        NCR: [MAKATI],
        TOWN: [],
    }
    assert [a.code for a in areas.children(EAST, date(2021, 1, 1))] == [OLD]
    assert [a.code for a in areas.children(EAST, via="psa_unit")] == [NORTH, PORT]


def test_neighbours_are_known_from_both_sides() -> None:
    areas = country()
    assert [(n.code, n.kind, n.km) for n in areas.neighbours(WEST, "region")] == [
        (EAST, "sea", 12.5)
    ]
    assert areas.neighbours(WEST, "province") == ()


@pytest.mark.parametrize(
    ("on", "expected"),
    [(date(2000, 1, 1), 300), (FIRST, 300), (SECOND, 360), (THIRD, 390), (date(2030, 1, 1), 390)],
)
def test_population_is_the_census_on_its_day_and_held_outside(on: date, expected: float) -> None:
    assert country().population(TOWN, on) == expected


def test_population_is_linear_between_census_days() -> None:
    halfway = SECOND + (THIRD - SECOND) / 2
    assert country().population(TOWN, halfway) == pytest.approx(375, abs=0.02)


def test_a_province_counts_with_or_without_its_cities() -> None:
    areas = country()
    assert areas.population(NORTH, SECOND) == 480
    assert areas.population(NORTH, SECOND, incl_huc=False) == 360


def test_before_2023_the_limits_of_the_census_apply() -> None:
    areas = country()
    assert areas.population(MAKATI, SECOND) == 250
    assert areas.population(MAKATI, date(2022, 12, 31)) == pytest.approx(256.4, abs=0.1)
    assert areas.population(MAKATI, date(2023, 1, 1)) == pytest.approx(106.4, abs=0.1)


def test_a_unit_without_a_figure_of_2015_keeps_that_of_2020() -> None:
    assert country().population(VALE, FIRST) == 120


def test_a_unit_never_counted_has_no_population() -> None:
    cells = f"{TOWN} city {EAST} {NORTH} {NORTH} - - - - - - - - -"
    areas = read_areas([_row(cells.split())])
    assert areas.population(TOWN, SECOND) is None


@given(st.dates(date(2010, 1, 1), date(2030, 1, 1)))
def test_populations_add_up_on_any_day(on: date) -> None:
    areas = country()
    north = areas.population(NORTH, on) or 0
    parts = sum(areas.population(code, on) or 0 for code in (TOWN, PORT))
    assert parts == pytest.approx(north)


@given(st.dates(date(2019, 1, 1), date(2026, 1, 1)))
def test_each_leaf_is_in_a_unit_in_force(on: date) -> None:
    areas = country()
    for lineage in areas.tree(on).values():
        assert areas.get(lineage.unit).in_force(on)
        assert areas.get(lineage.region).level == "region"


def test_the_registry_knows_what_it_holds() -> None:
    areas = country()
    assert len(areas) == 11
    assert TOWN in areas
    assert "9999999999" not in areas
    assert areas.get(OLD).in_force(SPLIT - timedelta(days=1))
    assert not areas.get(OLD).in_force(SPLIT)
    assert not areas.get(OLD).in_force(None)


@pytest.mark.parametrize(
    "on",
    [
        date(2016, 1, 1), date(2020, 4, 16), date(2020, 12, 31), date(2022, 6, 1),
        date(2022, 12, 31), date(2024, 3, 1), date(2024, 7, 1), date(2024, 12, 31),
        date(2026, 11, 16),
    ],
)  # fmt: skip
def test_a_region_has_the_people_of_the_places_counted_in_it(on: date) -> None:
    areas = load_areas()
    by_region: dict[str, float] = defaultdict(float)
    for leaf, way in areas.tree(on).items():
        by_region[way.region] += areas.population(leaf, on) or 0.0
    regions = areas.units("region", on)
    for region in regions:
        assert areas.population(region.code, on) == pytest.approx(by_region[region.code])
    total = sum(areas.population(region.code, on) or 0 for region in regions)
    assert total == pytest.approx(areas.population(COUNTRY, on), rel=2e-3)
