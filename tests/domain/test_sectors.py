"""Sectors, occupations and size classes."""

from __future__ import annotations

import pytest

from kms.domain.sectors import read_sectors

SECTORS = read_sectors(
    [
        {
            "code": "C",
            "level": "section",
            "title": "Manufacturing",
            "short_title": "Manufacturing",
            "section": "C",
        },
        {
            "code": "10",
            "level": "division",
            "title": "Manufacture of food products",
            "short_title": "Food",
            "section": "C",
        },
    ],
    [{"code": "7", "level": "major", "title": "Craft", "short_title": "Craft", "major": "7"}],
    [
        {
            "code": "micro",
            "title": "Micro",
            "employees_min": "1",
            "employees_max": "9",
            "assets_php_min": "0",
            "assets_php_max": "3000000",
        },
        {
            "code": "large",
            "title": "Large",
            "employees_min": "200",
            "employees_max": "",
            "assets_php_min": "100000001",
            "assets_php_max": "",
        },
    ],
)


def test_a_code_of_any_length_has_a_section() -> None:
    assert [SECTORS.section_of(code) for code in ("C", "10", "1012", "10121")] == ["C"] * 4


def test_sections_hold_divisions() -> None:
    assert [sector.code for sector in SECTORS.sections] == ["C"]
    assert [sector.short_title for sector in SECTORS.divisions("C")] == ["Food"]


def test_an_unknown_sector_says_what_to_give() -> None:
    with pytest.raises(
        ValueError, match=r"sector '04' is not in sectors\.csv; give a section letter"
    ):
        SECTORS.get("04")


@pytest.mark.parametrize(
    ("employees", "expected"), [(0, None), (1, "micro"), (9, "micro"), (10, None), (5000, "large")]
)
def test_size_follows_employees(employees: int, expected: str | None) -> None:
    size = SECTORS.size_of(employees)
    assert (size.code if size else None) == expected
