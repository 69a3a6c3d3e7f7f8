"""Places: codes that lost a zero or are retired, names of several places, other spellings."""

from __future__ import annotations

from tests.ingest.corpus.bad import (
    CASES,
    INSPECTIONS,
    Bad,
    cases,
    cell,
    counted,
    inspections,
    same,
)

SULU = {"region": "BARMM", "province": "SULU", "city_municipality": "JOLO (Capital)"}
CEBU = {
    "region": "Region VII: Central Visayas",
    "province": "CEBU",
    "city_municipality": "CEBU CITY",
}
NOWHERE = {"RegionRes": "", "ProvRes": "", "CityMuniPSGC": ""}


def code(row: int, name: str, value: str, fault: str) -> Bad:
    """An inspection in Cebu City with another code."""
    return cell(row, name, INSPECTIONS, {**CEBU, "psgc": value}, f"FIELD {fault} psgc")


def named(name: str, record: int, **texts: str) -> Bad:
    """A case whose place is spelled otherwise, which changes nothing."""
    return same(25, name, CASES, lambda: cases({record: texts}))


CODES = (
    code(18, "a code that lost its zero", "730600000", "place_code_repaired"),
    same(18, "an old code that lost its zero", CASES,
         lambda: cases({4: {"CityMuniPSGC": "42106000"}})),
    Bad("a code that lost its zero, without names", 18, INSPECTIONS,
        lambda: inspections({120: {"region": "", "province": "", "city_municipality": "",
                                   "psgc": "730600000"}}),
        "marked", "place_code_repaired", "psgc", (120,)),
    code(20, "a code as a number with a fraction", "0730600000.0", "place_code_repaired"),
    code(20, "a code as a power of ten", "7.306E+08", "place_code_unknown"),
    code(20, "a code with a letter", "07306O0000", "place_code_unknown"),
    code(21, "a code nobody knows", "0799900000", "place_code_unknown"),
    code(21, "a code of another place", "1380600000", "place_code_conflict"),
    code(21, "a code of three digits", "073", "place_code_unknown"),
    same(22, "an old code of nine digits", INSPECTIONS,
         lambda: inspections({1: {"psgc": "072217000"}})),
    Bad("a code that was retired", 22, INSPECTIONS,
        lambda: inspections({120: {**SULU, "psgc": "1906602000"}}),
        "marked", "place_code_retired", "psgc", (120,)),
    counted(23, "a province that went to another region, named with the old one", INSPECTIONS,
            lambda: inspections({120: {**SULU, "psgc": ""}})),
    counted(23, "a province that went to another region, named with the new one", INSPECTIONS,
            lambda: inspections({120: {**SULU, "region": "Region IX: Zamboanga Peninsula",
                                       "psgc": "0906602000"}})),
    cell(23, "a city of another province", CASES,
         {"RegionRes": "Region VII: Central Visayas", "ProvRes": "BOHOL", "CityMunRes": "CEBU CITY",
          "CityMuniPSGC": ""}, "FIELD place_province_conflict CityMuniPSGC"),
    cell(23, "a province of another region", CASES,
         {"RegionRes": "Region V: Bicol Region", "ProvRes": "CEBU", "CityMunRes": "CEBU CITY",
          "CityMuniPSGC": ""}, "FIELD place_region_conflict CityMuniPSGC"),
)  # fmt: skip
NAMES = (
    cell(24, "one of several San Fernandos", CASES, {**NOWHERE, "CityMunRes": "SAN FERNANDO"},
         "FIELD place_ambiguous CityMuniPSGC"),
    cell(24, "one of several Nagas", CASES, {**NOWHERE, "CityMunRes": "Naga City"},
         "FIELD place_ambiguous CityMuniPSGC"),
    cell(24, "a city nobody knows", CASES, {"CityMunRes": "Atlantis", "CityMuniPSGC": ""},
         "FIELD place_unknown CityMuniPSGC"),
    named("a name without its tilde", 2, CityMunRes="City of Paranaque"),
    named("a name in the other order", 1, CityMunRes="CITY OF QUEZON"),
    named("a name in small letters", 4, CityMunRes="dasmarinas city", ProvRes="Cavite"),
    named("a name with its province", 4, CityMunRes="DASMARINAS, CAVITE"),
    counted(25, "a blank place", CASES, lambda: cases(
        {7: dict.fromkeys(("RegionRes", "ProvRes", "CityMunRes", "CityMuniPSGC"), "")})),
    counted(25, "a Filipino who came back", CASES, lambda: cases(
        {7: {**NOWHERE, "RegionRes": "ROF", "CityMunRes": ""}})),
)  # fmt: skip
FILES_OF_PLACES = (*CODES, *NAMES)
