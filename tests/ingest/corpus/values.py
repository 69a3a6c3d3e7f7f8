"""Values: numbers that are none, words that mean nothing, ages, keys that stand twice."""

from __future__ import annotations

from tests.ingest.corpus.bad import (
    BAD_RECORD,
    CASES,
    COUNTED,
    INSPECTIONS,
    LEFT_OUT,
    MARKED,
    ROWS,
    Bad,
    case_rows,
    cases,
    cell,
    counted,
    inspection_rows,
    inspections,
    refused,
    same,
)

MEN, WEIGHT = "workers_male", "severity_weight"


def man(row: int, name: str, value: str, code: str) -> Bad:
    """An inspection with a wrong number of men."""
    return cell(row, name, INSPECTIONS, {MEN: value}, f"FIELD {code} {MEN}")


def age(name: str, value: str) -> Bad:
    """A case with an impossible age."""
    return cell(32, name, CASES, {"Age": value}, "FIELD age_out_of_range Age")


BLANKS = (
    Bad("keys that read as missing values", 19, CASES, lambda: cases(
        {n: {"CaseCode": word} for n, word in enumerate(("NA", "None", "null", "NaN", "\\N"), 30)}),
        COUNTED),
    Bad("a key that is the mark of no value", 19, CASES,
        lambda: cases({30: {"CaseCode": "\x7f"}}), MARKED, "bad_text", "CaseCode", (30,)),
    cell(19, "an inspection's key that is the mark of no value", INSPECTIONS,
         {"inspection_id": "\x7f"}, "ROW bad_text inspection_id"),
    counted(19, "inspections named like missing values", INSPECTIONS,
            lambda: inspections({7: {"inspection_id": "NA"}, 8: {"inspection_id": "null"}})),
    counted(19, "a city named like a missing value", INSPECTIONS,
            lambda: inspections({BAD_RECORD: {"city_municipality": "None", "psgc": ""}})),
    man(19, "a missing value in words", "NA", "number_unreadable"),
    cell(29, "a blank report date", CASES, {"DateRepConf": ""}, "ROW required DateRepConf"),
    cell(29, "a blank report date in quotes with blanks", CASES, {"DateRepConf": ' " "'.strip()},
         "ROW date_unreadable DateRepConf"),
    cell(29, "a blank opening date", INSPECTIONS, {"date_opened": " "},
         "ROW required date_opened"),
    cell(29, "a blank key", INSPECTIONS, {"inspection_id": ""}, "ROW required inspection_id"),
    cell(29, "a blank item", INSPECTIONS, {"item_code": "\u00a0"}, "ROW required item_code"),
    cell(29, "a blank answer that is needed", INSPECTIONS, {"applicable": ""},
         "FIELD required applicable"),
    man(29, "not a number, as a number", "NaN", "number_unreadable"),
)  # fmt: skip
NUMBERS = (
    man(26, "a negative count", "-3", "number_negative"),
    cell(26, "a negative weight", INSPECTIONS, {WEIGHT: "-0.4"}, f"FIELD number_negative {WEIGHT}"),
    man(27, "a count as large as no country", "100000000000000000000000", "number_out_of_range"),
    man(27, "a large count in powers", "1e23", "number_out_of_range"),
    man(28, "infinitely many", "inf", "number_out_of_range"),
    man(28, "infinitely few", "-Infinity", "number_negative"),
    man(28, "more than a number can hold", "1e400", "number_out_of_range"),
    man(30, "thousands parted by a comma", "1,234", "number_unreadable"),
    man(30, "thousands parted by a point", "1.234", "number_not_whole"),
    man(30, "thousands parted by a blank", "1 234", "number_unreadable"),
    man(30, "thousands parted by a line", "1_234", "number_unreadable"),
    man(30, "digits of another script", "\u0661\u0662", "number_unreadable"),
    man(30, "a number of another base", "0x1F", "number_unreadable"),
    man(31, "a fraction of a worker", "2.5", "number_not_whole"),
    same(31, "a count as spreadsheets write it", INSPECTIONS,
         lambda: inspections({1: {MEN: "12.0"}, 2: {"workers_female": "20.00"}})),
    age("an age of 131", "131"),
    age("an age below zero", "-1"),
    age("an age in months", "8 months"),
    age("an age that is no number", "NaN"),
    age("an infinite age", "inf"),
    cell(33, "met at first and unmet after correction", INSPECTIONS,
         {"compliant_initial": "YES", "compliant_after": "NO"},
         "FIELD after_worse compliant_after"),
    cell(33, "an answer to what does not apply", INSPECTIONS,
         {"applicable": "NO", "compliant_initial": "YES", "compliant_after": ""},
         "FIELD answer_not_applicable compliant_initial"),
    cell(33, "no workers at all", INSPECTIONS, {MEN: "0", "workers_female": "0"},
         f"FIELD workers_zero {MEN}"),
    cell(33, "an item that is in no list", INSPECTIONS, {"item_code": "OSH-999"},
         "FIELD item_unknown item_code"),
    cell(64, "a name where a code belongs", INSPECTIONS, {"establishment_id": "Invented Bakery"},
         "FIELD not_a_code establishment_id"),
    cell(64, "a name of an inspector", INSPECTIONS, {"inspector": "Ana Cruz"},
         "FIELD not_a_code inspector"),
    cell(21, "an industry that is in no list", INSPECTIONS, {"psic": "00123"},
         "FIELD sector_unknown psic"),
    cell(18, "an industry that lost its zero", INSPECTIONS, {"psic": "1220"},
         "FIELD sector_unknown psic"),
)  # fmt: skip
KEYS = (
    Bad("a case twice", 44, CASES, lambda: cases({}, case_rows()[10]), COUNTED, read=ROWS + 1,
        duplicate=1),
    Bad("a case five times", 44, CASES, lambda: cases({}, *[case_rows()[10]] * 4), COUNTED,
        read=ROWS + 4, duplicate=4),
    Bad("every case twice", 44, CASES, lambda: cases({}, *case_rows()), COUNTED,
        read=2 * ROWS, duplicate=ROWS),
    Bad("an inspection twice", 44, INSPECTIONS, lambda: inspections({}, inspection_rows()[10]),
        COUNTED, read=ROWS + 1, duplicate=1),
    Bad("another person under a code in use", 45, CASES,
        lambda: cases({}, case_rows()[10] | {"Age": "81.0", "Sex": "MALE"}),
        MARKED, "key_shared", "CaseCode", (11, ROWS + 1), read=ROWS + 1),
    Bad("an inspection that contradicts itself", 45, INSPECTIONS,
        lambda: inspections({}, inspection_rows()[10] | {"compliant_after": "NO",
                                                         "compliant_initial": "NO"}),
        LEFT_OUT, "key_conflict", "item_code", (11, ROWS + 1), read=ROWS + 1),
    refused(45, "many inspections that contradict themselves", INSPECTIONS,
            lambda: inspections({}, *[row | {"severity_weight": "0.7"}
                                      for row in inspection_rows()[:5]]), "too_many_rejects"),
    refused(29, "more blank dates than are allowed", CASES,
            lambda: cases({n: {"DateRepConf": ""} for n in (5, 6, 7)}), "too_many_rejects"),
)  # fmt: skip
FILES_OF_VALUES = (*BLANKS, *NUMBERS, *KEYS)
