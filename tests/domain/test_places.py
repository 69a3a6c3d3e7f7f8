"""Place matching, rule by rule on a small country, and on every spelling really seen."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from kms.domain.areas import read_areas
from kms.domain.place_names import place_keys, region_keys
from kms.domain.places import PlaceMatch, PlaceMatcher
from kms.reference import load_areas, load_matcher

PAMPANGA, LA_UNION, MAKATI, MANILA = "0305400000", "0103300000", "1380300000", "1380600000"
BALIWAG, NAGA_CEBU, CEBU_CITY = "0301403000", "0702234000", "0730600000"
MIN_SHARE_MATCHED = 0.99


@pytest.fixture(scope="module")
def matcher() -> PlaceMatcher:
    return load_matcher()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("CITY OF MALOLOS (CAPITAL)", ("MALOLOS",)),
        ("Datu Odin Sinsuat (Dinaig)", ("DATUODINSINSUAT", "DINAIG")),
        ("CITY OF PARAÑAQUE", ("PARANAQUE",)),
        ("PARAÃ‘AQUE", ("PARANAQUE",)),
        ("Los BaÃ±os", ("LOSBANOS",)),
        ("Â and Ÿ€ beyond repair Ā", ("AANDYBEYONDREPAIRA",)),
        ("Sta. Rosa", ("SANTAROSA",)),
        ("GEN. MARIANO ALVAREZ", ("GENERALMARIANOALVAREZ",)),
        ("Municipality of Kalibo", ("KALIBO",)),
        ("Mun. of Prosperidad", ("PROSPERIDAD",)),
        ("ISLAND GARDEN CITY OF SAMAL", ("SAMAL",)),
        ("City of Ilagan, Isabela", ("ILAGANISABELA", "ILAGAN")),
        ("CITY", ("CITY",)),
        ("ABORLAN (POB.)", ("ABORLAN",)),
        ("", ()),
    ],
)
def test_spellings_share_a_key(text: str, keys: tuple[str, ...]) -> None:
    assert place_keys(text) == keys


def test_a_region_is_known_whole_and_by_its_parts() -> None:
    assert region_keys("REGION IV-A (CALABAR ZON)") == (
        "REGIONIVACALABARZON",
        "REGIONIVA",
        "CALABARZON",
    )


@pytest.mark.parametrize(
    ("region", "code"),
    [
        ("NCR", "13"), ("CAR", "14"), ("BARMM", "19"), ("CARAGA", "16"),
        ("Region I: Ilocos Region", "01"), ("Region II: Cagayan Valley", "02"),
        ("Region III: Central Luzon", "03"), ("Region IV-A: CALABARZON", "04"),
        ("Region IV-B: MIMAROPA", "17"), ("MIMAROPA", "17"), ("4B", "17"),
        ("Region V: Bicol Region", "05"), ("Region VI: Western Visayas", "06"),
        ("Region VII: Central Visayas", "07"), ("Region VIII: Eastern Visayas", "08"),
        ("Region IX: Zamboanga Peninsula", "09"), ("Region X: Northern Mindanao", "10"),
        ("Region XI: Davao Region", "11"), ("Region XII: SOCCSKSARGEN", "12"),
        ("NATIONAL CAPITAL REGION (NCR)", "13"), ("REGION I (ILOCOS REGION)", "01"),
        ("CORDILLERA ADMINISTRA TIVE REGION (CAR)", "14"), ("REGION IV-A (CALABAR ZON)", "04"),
        ("CORDILLLERA ADMINISTRA TIVE REGION (CAR)", "14"),
        ("REGION XII (SOCCSKSA RGEN)", "12"), ("REGION XIII (CARAGA)", "16"),
        ("AUTONOMOUS REGION IN MUSLIM MINDANAO (ARMM)", "19"),
        ("BANGSAMORO AUTONOMOUS REGION IN MUSLIM MINDANAO (BARMM)", "19"),
        ("REGION 1", "01"), ("Region 4A", "04"), ("REGION 12", "12"),
        ("Negros Island Region", "18"),
    ],
)  # fmt: skip
def test_every_region_spelling_is_known(matcher: PlaceMatcher, region: str, code: str) -> None:
    found = matcher.match(region, "", "")
    assert found == PlaceMatch(f"{code}00000000", "region", "region", None)


@pytest.mark.parametrize(
    ("texts", "code", "how", "flag"),
    [
        (("NCR", "NCR", "CITY OF MAKATI"), MAKATI, "exact", None),
        (("NCR", "", "Makati"), MAKATI, "exact", None),
        (("NCR", "1", "MAKATI CITY"), MAKATI, "exact", None),
        (
            ("NCR", "NCR, SECOND DISTRICT (NOT A PROVINCE)", "PASIG CITY"),
            "1381200000",
            "exact",
            None,
        ),
        (("", "Metro Manila", "Muntilupa City"), "1380800000", "fuzzy", None),
        (("NCR", "NCR", "SAMPALOC"), MANILA, "exact", None),
        (("Region III: Central Luzon", "BULACAN", "BALIUAG"), BALIWAG, "fuzzy", None),
        (("Region 4A", "Cavite", "Dasmarinas Cavite"), "0402106000", "exact", None),
        (
            ("Region XI", "DAVAO DEL SUR", "SANTA MARIA"),
            "1108604000",
            "region_unique",
            "place_province_conflict",
        ),
        (("Region XI", "", "SANTA MARIA"), "1108604000", "region_unique", None),
        (("Region VI", "NEGROS OCIDENTAL", "BAGO CITY"), "1804502000", "exact", None),
        (
            ("Region I", "XYZ", "LAOAG CITY"),
            "0102812000",
            "region_unique",
            "place_province_conflict",
        ),
        (("BARMM", "MAGUINDANAO", "PARANG"), "1908709000", "exact", None),
        (("BARMM", "MAGUINDANAO", ""), "1903800000", "province", None),
        (("BARMM", "SULU", "PARANG"), "0906609000", "exact", None),
        (
            ("Region XII", "COTABATO CITY (NOT A PROVINCE)", "COTABATO CITY"),
            "1908703000",
            "exact",
            None,
        ),
        (("Region XII", "COTABATO CITY (NOT A PROVINCE)", ""), "1908703000", "exact", None),
        (
            ("Region IX", "CITY OF ISABELA (NOT A PROVINCE)", "CITY OF ISABELA (CAPITAL)"),
            "0990101000",
            "exact",
            None,
        ),
        (("Region II", "ISABELA", ""), "0203100000", "province", None),
        (("Region VII", "NEGROS ORIENTAL", "BAIS CITY"), "1804604000", "exact", None),
        (("NIR", "NEGROS ORIENTAL", "BAIS CITY"), "1804604000", "exact", None),
        (("Region I", "CEBU", "CEBU CITY"), CEBU_CITY, "exact", "place_region_conflict"),
        (("Region I", "CEBU", ""), "0702200000", "province", "place_region_conflict"),
        (("Region VI", "ILOILO", "Mandurriao"), "0603000000", "province_only", "place_unknown"),
        (("Region I", "", "Atlantis"), "0100000000", "region_only", "place_unknown"),
        (("Region I", "Atlantis", ""), "0100000000", "region_only", "place_unknown"),
        (("", "", "Davao City"), "1130700000", "country_unique", None),
        (("Region XI", "COMPOSTELA VALLEY", "MAWAB"), "1108206000", "exact", None),
    ],
)
def test_each_rule(
    matcher: PlaceMatcher, texts: tuple[str, str, str], code: str, how: str, flag: str | None
) -> None:
    found = matcher.match(*texts)
    assert (found.code, found.how, found.flag) == (code, how, flag)
    assert found.level == load_areas().get(code).level


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (("ROF", "", ""), "nonplace:rof"),
        (("ROF", "CEBU", "CEBU CITY"), "nonplace:rof"),
        (("Repatriate", "", ""), "nonplace:repatriate"),
        (("REPATRIATE", "", ""), "nonplace:repatriate"),
        (("", "", ""), "nonplace:unknown"),
        (("For validation", "For validation", "For validation"), "nonplace:unknown"),
        (("  ", "N/A", " - "), "nonplace:unknown"),
    ],
)
def test_non_places_are_no_error(
    matcher: PlaceMatcher, texts: tuple[str, str, str], code: str
) -> None:
    assert matcher.match(*texts) == PlaceMatch(code, "non_place", "non_place", None)


@pytest.mark.parametrize(
    ("texts", "code", "flag"),
    [
        (("", "", "SAN FERNANDO"), "nonplace:unknown", "place_ambiguous"),
        (("", "", "NAGA"), "nonplace:unknown", "place_ambiguous"),
        (("Region VII", "", "SAN FERNANDO"), "0702241000", None),
        (("Region V", "", "SAN FERNANDO"), "0500000000", "place_ambiguous"),
        (("", "Atlantis", "Davao City"), "nonplace:unknown", "place_unknown"),
        (("Nowhere", "", ""), "nonplace:unknown", "place_unknown"),
    ],
)
def test_what_is_ambiguous_is_never_guessed(
    matcher: PlaceMatcher, texts: tuple[str, str, str], code: str, flag: str | None
) -> None:
    found = matcher.match(*texts)
    assert (found.code, found.flag) == (code, flag)


@pytest.mark.parametrize(
    ("texts", "code", "how", "flag"),
    [
        (("NCR", "NCR", "CITY OF MAKATI", "PH137602000"), MAKATI, "exact", None),
        (("NCR", "NCR", "CITY OF MANILA", "PH133906000"), MANILA, "exact", None),
        (("NCR", "NCR", "CITY OF MANILA", "PH133900000"), MANILA, "exact", None),
        (("NCR", "NCR", "CITY OF MAKATI", "PH072217000"), MAKATI, "exact", "place_code_conflict"),
        (("NCR", "NCR", "CITY OF MAKATI", "PH130000000"), MAKATI, "exact", None),
        (("NCR", "NCR", "CITY OF MAKATI", "PH137699999"), MAKATI, "exact", None),
        (("", "", "", "PH072217000"), CEBU_CITY, "code", None),
        (("Region VII", "CEBU", "", "PH072217000"), CEBU_CITY, "code", None),
        (("Region VII", "CEBU", "??", "PH072217000"), CEBU_CITY, "code", None),
        (("Region VII", "CEBU", "Atlantis", "PH072217000"), CEBU_CITY, "code", "place_unknown"),
        (("Region I", "LA UNION", "", "PH072217000"), LA_UNION, "province", "place_code_conflict"),
        (("", "", "SAN FERNANDO", "PH035416000"), "0305416000", "code", None),
        (("", "", "NAGA", "PH035416000"), "nonplace:unknown", "non_place", "place_code_conflict"),
        (("Region III", "PAMPANGA", "", "PH030000000"), PAMPANGA, "province", None),
    ],
)  # fmt: skip
def test_a_code_counts_where_it_agrees(
    matcher: PlaceMatcher, texts: tuple[str, str, str, str], code: str, how: str, flag: str | None
) -> None:
    found = matcher.match(*texts)
    assert (found.code, found.how, found.flag) == (code, how, flag)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("PH072217000", CEBU_CITY),
        ("072217000", CEBU_CITY),
        ("72217000", CEBU_CITY),
        ("0730600000", CEBU_CITY),
        ("PH072217041", CEBU_CITY),
        ("0630200000", "1830200000"),
        ("PH133914000", MANILA),
        ("1380614000", MANILA),
        ("PH133914001", MANILA),
        ("PH153811000", "1908709000"),
        ("PH19087", ""),
        ("PH999999000", ""),
        ("Makati", ""),
        ("", ""),
    ],
)
def test_codes_of_any_year_become_current(matcher: PlaceMatcher, code: str, expected: str) -> None:
    assert matcher.area_of_code(code) == expected


@pytest.mark.parametrize(
    ("region_res", "prov_city_res", "code"),
    [
        ("NCR", "City of Makati", MAKATI),
        ("Rizal", "City of Antipolo (Capital)", "0405802000"),
        ("Rizal", "", "0405800000"),
        ("Cotabato City (not a province)", "Cotabato City", "1908703000"),
        ("Maguindanao", "Datu Odin Sinsuat (Dinaig)", "1908705000"),
        ("Compostela Valley", "Mawab", "1108206000"),
        ("Region VII", "Cebu City", CEBU_CITY),
        ("", "Davao City", "1130700000"),
        ("", "", "nonplace:unknown"),
        ("Repatriate", "", "nonplace:repatriate"),
    ],
)
def test_the_schema_of_april_2020_holds_provinces_as_regions(
    matcher: PlaceMatcher, region_res: str, prov_city_res: str, code: str
) -> None:
    assert matcher.match_april_2020(region_res, prov_city_res).code == code


def test_two_names_almost_equally_like_are_not_chosen_between(matcher: PlaceMatcher) -> None:
    found = matcher.match("", "Negros Occidental", "SIPLAY")
    assert (found.code, found.how, found.flag) == (
        "1804500000",
        "province_only",
        "place_unknown",
    )


@pytest.mark.parametrize(
    "alias",
    [
        {"kind": "town", "alias": "X", "code": "1400100000"},
        {"kind": "region", "alias": "X", "code": "14"},
    ],
)
def test_a_wrong_alias_is_refused(alias: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"area_aliases\.csv: alias 'X' has kind"):
        PlaceMatcher(load_areas(), [alias])


def test_an_empty_country_matches_nothing() -> None:
    assert PlaceMatcher(read_areas([]), []).match("a", "b", "c").code == "nonplace:unknown"


def test_every_spelling_of_the_line_list_is_matched(shared: Path, matcher: PlaceMatcher) -> None:
    rows = rows_of(shared / "data" / "geography" / "doh_city_mun_map.csv")
    names = ("doh_region", "doh_province", "doh_city_mun")
    found = {tuple(row[name] for name in names): row["psgc"] for row in rows}
    wrong = {
        texts: (code, match)
        for texts, code in found.items()
        if (match := matcher.match(*texts)).code != code
    }
    assert wrong == {}
    assert len(found) == 1632
    codes = [matcher.match(*texts) for texts in found]
    assert len({match.code for match in codes if match.level == "huc"}) == 33
    assert Counter(match.how for match in codes) == {"exact": 1628, "fuzzy": 2, "region_unique": 2}
    assert sum(match.flag is not None for match in codes) == 2


def case_files(folder: Path) -> Iterator[dict[str, str]]:
    for path in sorted(folder.rglob("*ase*nformation*.csv")):
        yield from rows_of(path)


def test_places_of_the_april_2020_files_are_matched(shared: Path, matcher: PlaceMatcher) -> None:
    rows = list(case_files(shared / "data" / "doh_datadrop_2020-04"))
    found = [matcher.match_april_2020(row["RegionRes"], row["ProvCityRes"]) for row in rows]
    named = [match for match, row in zip(found, rows, strict=True) if row["ProvCityRes"].strip()]
    in_city = [match for match in named if match.level in ("huc", "icc", "city", "municipality")]
    assert len(rows) == 16336
    assert len(in_city) == len(named) == 15339
    assert [match.flag for match in found if match.flag] == []


def test_places_of_the_sample_line_lists_are_matched(shared: Path, matcher: PlaceMatcher) -> None:
    rows = list(case_files(shared / "data" / "doh_datadrop_samples"))
    columns = ("RegionRes", "ProvRes", "CityMunRes", "CityMuniPSGC")
    found = [matcher.match(*(row[name] for name in columns)) for row in rows]
    named = [match for match, row in zip(found, rows, strict=True) if row["CityMunRes"].strip()]
    in_city = [match for match in named if match.level in ("huc", "icc", "city", "municipality")]
    assert len(in_city) / len(named) >= MIN_SHARE_MATCHED
    assert [match.flag for match in found if match.flag] == []
    assert {match.code for match in found if match.level == "non_place"} == {
        "nonplace:rof",
        "nonplace:repatriate",
        "nonplace:unknown",
    }
