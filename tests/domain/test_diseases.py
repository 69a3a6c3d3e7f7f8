"""Disease files: what they mean and how they are refused."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from kms.domain.diseases import read_disease

FILE = "flu.toml"
TEXT = """
id = "flu"
grain = "week"
default_basis = "onset"
person_to_person = true
default_classification = "confirmed"
classifications = ["confirmed", "suspect"]
indicators = ["r_t"]
[names]
en = "Influenza"
[codes]
icd10 = ["J10"]
[serial_interval]
mean_days = 3
sd_days = 1.5
mean_sd_days = 0.3
source = "a study"
doi = ""
verified = true
note = ""
[[periods]]
id = "a"
name = "Strain A"
from = 2021-01-01
to = 2021-06-30
dates_verified = true
[periods.serial_interval]
mean_days = 2.5
sd_days = 1.0
mean_sd_days = 0.2
source = "another study"
doi = "10.1/x"
verified = true
note = ""
[[periods]]
id = "b"
name = "Strain B"
from = 2021-07-01
dates_verified = false
"""


def content() -> dict[str, Any]:
    return deepcopy(tomllib.loads(TEXT))


def test_a_disease_file_is_read() -> None:
    disease = read_disease(content(), FILE)
    assert disease.name("fil") == "Influenza"
    assert disease.codes["icd10"] == ("J10",)
    assert disease.incubation is None


@pytest.mark.parametrize(
    ("on", "period", "mean"),
    [
        (date(2020, 12, 31), None, 3.0),
        (date(2021, 6, 30), "a", 2.5),
        (date(2021, 7, 1), "b", 3.0),
        (date(2031, 1, 1), "b", 3.0),
    ],
)
def test_the_interval_follows_the_period(on: date, period: str | None, mean: float) -> None:
    disease = read_disease(content(), FILE)
    found = disease.period_on(on)
    interval = disease.serial_interval_on(on)
    assert (found.id if found else None) == period
    assert interval is not None
    assert interval.mean_days == mean
    assert disease.incubation_on(on) is None


def _set(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(table: dict[str, Any]) -> None:
        *way, last = path.split(".")
        part: Any = table
        for step in way:
            part = part[int(step)] if step.isdigit() else part[step]
        part[last] = value

    return change


def _drop(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda table: table.pop(key)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_drop("id"), "flu.toml: key 'id' is missing; add it"),
        (_set("id", ""), "key 'id' is ''; give a text"),
        (_set("grain", "year"), "key 'grain' is 'year'; give one of day, week"),
        (_set("person_to_person", "yes"), "key 'person_to_person' is 'yes'; give true or false"),
        (_set("default_classification", "sure"), "give one of confirmed, suspect"),
        (_set("classifications", []), r"key 'classifications' is \[\]; give a list of texts"),
        (_set("indicators", [1]), r"key 'indicators' is \[1\]; give a list of texts"),
        (_set("names", "x"), "key 'names' is 'x'; give a table"),
        (_set("names", {"fil": "Trangkaso"}), "key 'names.en' is None; give the English name"),
        (_set("colour", "red"), "key 'colour' is 'red'; remove or correct this unknown key"),
        (_drop("serial_interval"), "needed if and only if person_to_person is true"),
        (_set("person_to_person", False), "needed if and only if person_to_person is true"),
        (_set("serial_interval.mean_days", "3"), "key 'serial_interval.mean_days' is '3'; give a"),
        (_set("serial_interval.mean_days", True), "'serial_interval.mean_days' is True; give a"),
        (_set("serial_interval.sd_days", 0), "'serial_interval.sd_days' is 0; give a finite"),
        (_set("serial_interval.sd_days", float("inf")), "is inf; give a finite number of days"),
        (_set("serial_interval.k", 1), "key 'serial_interval.k' is 1; remove or correct"),
        (_set("reporting_delay", {}), "key 'reporting_delay.mean_days' is missing"),
        (_set("periods", [1]), r"key 'periods' is \[1\]; give tables"),
        (_set("periods.0.from", "2021"), r"key 'periods\[0\].from' is '2021'; give a date"),
        (_set("periods.0.to", date(2021, 7, 1)), "key 'periods' is 'b'; start after the period"),
        (_set("periods.1.x", 1), r"key 'periods\[1\].x' is 1; remove or correct"),
    ],
)
def test_a_wrong_file_is_refused_by_key(
    change: Callable[[dict[str, Any]], None], message: str
) -> None:
    table = content()
    change(table)
    with pytest.raises(ValueError, match=message):
        read_disease(table, FILE)


def test_a_disease_without_spread_between_persons_needs_no_interval() -> None:
    table = content()
    del table["serial_interval"], table["periods"]
    table["person_to_person"] = False
    disease = read_disease(table, FILE)
    assert disease.serial_interval_on(date(2021, 1, 1)) is None
    assert disease.periods == ()
