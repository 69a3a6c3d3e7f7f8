"""The reference tables of the repository: complete, consistent, and equal to published totals."""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kms import reference
from kms.config import ROOT
from kms.domain.areas import COUNTRY, Area, Via
from kms.reference import (
    REFERENCE,
    load_areas,
    load_diseases,
    load_matcher,
    load_sectors,
    read_rows,
)

CENSUS = ("pop_2015", "pop_2020", "pop_2020_published", "pop_2024")
NATION = {
    "pop_2015": 100_979_303,
    "pop_2020": 109_033_245,
    "pop_2020_published": 109_033_245,
    "pop_2024": 112_727_776,
}
# 2020 census by the regions of 2023, as published.
REGIONS_2023 = {
    "01": 5301139, "02": 3685744, "03": 12422172, "04": 16195042, "05": 6082165, "06": 7954723,
    "07": 8081988, "08": 4547150, "09": 3875576, "10": 5022768, "11": 5243536, "12": 4360974,
    "13": 13484462, "14": 1797660, "16": 2804788, "17": 3228558, "19": 4944800,
}  # fmt: skip
REGIONS_NOW = REGIONS_2023 | {
    "06": 4730768, "07": 6545603, "18": 4760340, "09": 4875684, "19": 3944692
}  # fmt: skip
AREAS = load_areas()


def total(areas: Iterable[Area], column: str) -> int:
    return sum(getattr(area.census, column) or 0 for area in areas)


@pytest.mark.parametrize("column", CENSUS)
def test_leaves_and_regions_add_up_to_the_nation(column: str) -> None:
    assert total(AREAS.units("city_municipality"), column) == NATION[column]
    assert total(AREAS.units("region"), column) == NATION[column]
    assert getattr(AREAS.get(COUNTRY).census, column) == NATION[column]


@pytest.mark.parametrize("via", ["province", "psa_unit"])
@pytest.mark.parametrize("column", CENSUS)
def test_each_tree_adds_up_at_every_level(column: str, via: Via) -> None:
    sums: dict[str, int] = defaultdict(int)
    for leaf, lineage in AREAS.tree(via=via).items():
        for code in lineage.ancestors:
            sums[code] += getattr(AREAS.get(leaf).census, column) or 0
    for code, people in sums.items():
        area = AREAS.get(code)
        census = area.census_incl_huc if via == "province" else area.census
        assert (getattr(census, column) or 0) == people or column == "pop_2020_published"
    assert sums[COUNTRY] == NATION[column]


@pytest.mark.parametrize(
    ("on", "published"), [(date(2020, 5, 1), REGIONS_2023), (date(2026, 1, 1), REGIONS_NOW)]
)
def test_regions_of_any_day_have_their_published_population(
    on: date, published: dict[str, int]
) -> None:
    sums: dict[str, int] = defaultdict(int)
    for leaf, lineage in AREAS.tree(on).items():
        people = AREAS.get(leaf).census.pop_2020 or 0
        # The table of 2023 has Cotabato City in BARMM, which it joined in December 2020.
        early = leaf == "1908703000" and on.year == 2020
        sums["19" if early else lineage.region[:2]] += people
    assert dict(sums) == published


def test_every_level_has_its_number_of_units() -> None:
    assert len(AREAS.units("region")) == 18
    assert len(AREAS.units("province")) == 85
    assert len(AREAS.units("psa_unit")) == 118
    assert len(AREAS.units("city_municipality")) == 1642
    assert sum(area.level == "huc" for area in AREAS) == 33
    in_2021 = {area.code for area in AREAS.units("province", date(2021, 6, 1))}
    assert len(AREAS.units("region", date(2021, 6, 1))) == 17
    assert {"1903800000", "1209800000"} <= in_2021
    assert not {"1908700000", "1908800000"} & in_2021


def test_populations_add_up_between_census_days() -> None:
    for on in (date(2020, 3, 1), date(2021, 9, 15), date(2022, 12, 31), date(2023, 6, 1)):
        leaves = sum(AREAS.population(code, on) or 0 for code in AREAS.tree(on))
        assert leaves == pytest.approx(AREAS.population(COUNTRY, on), rel=3e-4)


def test_makati_had_its_barangays_until_2023() -> None:
    assert AREAS.population("1380300000", date(2020, 5, 1)) == 629616
    assert AREAS.population("1380300000", date(2024, 7, 1)) == 309770


def test_regions_changed_on_their_days() -> None:
    bacolod, sulu, cotabato = "1830200000", "0906600000", "1908703000"
    assert AREAS.region_of(bacolod, date(2024, 6, 12)) == "0600000000"
    assert AREAS.region_of(bacolod, date(2024, 6, 13)) == "1800000000"
    assert AREAS.region_of("1804604000", date(2021, 1, 1)) == "0700000000"
    assert AREAS.region_of(sulu, date(2023, 1, 1)) == "1900000000"
    assert AREAS.region_of(sulu) == "0900000000"
    assert AREAS.region_of(cotabato, date(2020, 12, 14)) == "1200000000"
    assert AREAS.region_of(cotabato, date(2020, 12, 15)) == "1900000000"
    assert AREAS.unit_of("1908709000", date(2022, 9, 16)) == "1903800000"


def test_codes_are_ten_digits_and_unique_in_every_scheme() -> None:
    rows = read_rows(REFERENCE / "areas.csv")
    assert all(re.fullmatch(r"\d{10}", row["code"]) for row in rows)
    for column in ("code", "psgc9", "psgc_2023"):
        codes = [row[column] for row in rows if row[column]]
        assert len(codes) == len(set(codes))
    assert [row["code"] for row in rows] == sorted(row["code"] for row in rows)


def test_short_names_tell_regions_and_provinces_apart() -> None:
    names = [area.short_name for area in AREAS if area.level in ("region", "province")]
    assert len(names) == len(set(names))
    labels = {area.label for area in AREAS.units("region")}
    assert len(labels) == 18
    assert "" not in labels


def test_neighbours_reach_every_unit() -> None:
    for level in ("region", "province", "psa_unit"):
        reached, todo = set(), ["1300000000" if level != "psa_unit" else "1380600000"]
        while todo:
            code = todo.pop()
            if code not in reached:
                reached.add(code)
                todo += [near.code for near in AREAS.neighbours(code, level)]
        assert reached == {area.code for area in AREAS.units(level)}


def test_every_alias_is_matched_as_it_says() -> None:
    matcher = load_matcher()
    for row in read_rows(REFERENCE / "area_aliases.csv"):
        at = ("region", "province").index(row["kind"]) if row["kind"] != "non_place" else 0
        texts = ["", "", ""]
        texts[at] = row["alias"]
        assert matcher.match(*texts).code == row["code"], row


def test_sectors_are_the_published_classification() -> None:
    sectors = load_sectors()
    assert "".join(sector.code for sector in sectors.sections) == "ABCDEFGHIJKLMNOPQRSTU"
    assert len(sectors.sectors) == 21 + 88
    assert len(sectors.occupations) == 10 + 43
    assert list(sectors.size_classes) == ["micro", "small", "medium", "large"]
    short_titles = [sector.short_title for sector in sectors.sectors.values()]
    assert len(short_titles) == len(set(short_titles))
    for sector in sectors.sectors.values():
        assert sectors.get(sector.section).level == "section"
    sizes = [sectors.size_of(n) for n in (1, 9, 10, 99, 100, 199, 200)]
    assert [size.code if size else "" for size in sizes] == [
        "micro", "micro", "small", "small", "medium", "medium", "large",
    ]  # fmt: skip


def test_covid19_is_a_disease_whose_intervals_shorten() -> None:
    covid = load_diseases()["covid19"]
    days = (date(2020, 6, 1), date(2021, 9, 1), date(2022, 2, 1), date(2026, 1, 1))
    intervals = [covid.serial_interval_on(day) for day in days]
    assert [interval.mean_days if interval else 0 for interval in intervals] == [
        5.2,
        4.07,
        3.06,
        3.06,
    ]
    assert covid.name("fil") == "COVID-19"
    assert "U07.1" in covid.codes["icd10"]


def boundary(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        (REFERENCE / "boundaries" / name).read_text(encoding="utf-8")
    )
    return content


@pytest.mark.parametrize(("level", "most_kb"), [("region", 25), ("province", 45)])
def test_maps_draw_every_unit_and_stay_small(level: str, most_kb: int) -> None:
    units = {area.code for area in AREAS.units(level)}  # type: ignore[arg-type] # a literal above
    features = boundary(f"{level}s.geojson")["features"]
    assert {feature["id"] for feature in features} == units
    drawn = boundary(f"{level}s_svg.json")
    assert set(drawn["paths"]) == set(drawn["labels"]) == units
    assert all(re.fullmatch(r"(M[\d -]+l[\d -]+z)+", path) for path in drawn["paths"].values())
    assert "1300000000" in drawn["inset"]["paths"]
    width, height = (int(side) for side in drawn["viewbox"].split()[2:])
    assert all(0 <= x <= width and 0 <= y <= height for x, y in drawn["labels"].values())
    packed = gzip.compress((REFERENCE / "boundaries" / f"{level}s_svg.json").read_bytes())
    assert len(packed) <= most_kb * 1024


def test_reference_data_stay_small_and_name_no_machine() -> None:
    files = [path for path in REFERENCE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in files) < 3_000_000
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert str(ROOT) not in text


def test_a_disease_file_must_bear_the_name_of_its_disease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "diseases").mkdir()
    text = (REFERENCE / "diseases" / "covid19.toml").read_text(encoding="utf-8")
    (tmp_path / "diseases" / "sars.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(reference, "REFERENCE", tmp_path)
    with pytest.raises(ValueError, match=r"sars\.toml: key 'id' is 'covid19'; it must be"):
        load_diseases.__wrapped__()
