"""Reference data of the repository, read once a process."""

from __future__ import annotations

import csv
import tomllib
from functools import cache
from pathlib import Path

from kms.config import ROOT
from kms.domain.areas import Areas, read_areas
from kms.domain.diseases import Disease, read_disease
from kms.domain.inspection_items import InspectionItem, read_items
from kms.domain.places import PlaceMatcher
from kms.domain.sectors import Sectors, read_sectors

REFERENCE = ROOT / "data" / "reference"


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a UTF-8 CSV file as text cells."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def load_areas() -> Areas:
    """Return the areas of the Philippines."""
    return read_areas(
        read_rows(REFERENCE / "areas.csv"),
        read_rows(REFERENCE / "area_membership.csv"),
        read_rows(REFERENCE / "area_neighbours.csv"),
    )


@cache
def load_matcher() -> PlaceMatcher:
    """Return the matcher of place texts."""
    return PlaceMatcher(load_areas(), read_rows(REFERENCE / "area_aliases.csv"))


@cache
def load_sectors() -> Sectors:
    """Return sectors, occupations and size classes."""
    return read_sectors(
        read_rows(REFERENCE / "sectors.csv"),
        read_rows(REFERENCE / "occupations.csv"),
        read_rows(REFERENCE / "size_classes.csv"),
    )


@cache
def load_inspection_items() -> dict[str, InspectionItem]:
    """Return the checklist items of inspections by code."""
    return read_items(read_rows(REFERENCE / "inspection_items.csv"))


@cache
def load_diseases() -> dict[str, Disease]:
    """Return every disease file by its id; raise `ValueError` naming file and key when wrong."""
    diseases: dict[str, Disease] = {}
    for path in sorted((REFERENCE / "diseases").glob("*.toml")):
        with path.open("rb") as file:
            disease = read_disease(tomllib.load(file), path.name)
        if disease.id != path.stem:
            raise ValueError(f"{path.name}: key 'id' is {disease.id!r}; it must be the file's name")
        diseases[disease.id] = disease
    return diseases
