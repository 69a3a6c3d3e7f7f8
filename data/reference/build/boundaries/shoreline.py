"""Land of the Philippines in kilometres, island by island, lakes cut out."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import shapely
from barangays import Barangays, to_degrees, to_km
from polygon_shapefile import read_polygons
from scipy.spatial import cKDTree
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union
from world_vector_shoreline import read_shoreline

BOUNDS: Final = (113, 3, 129, 22)
LAKE_BOUNDS: Final = (116.0, 4.5, 127.0, 19.5)
# A point on each lake, and where its outline comes from: the lake file, derived, or both.
LAKES: Final = {
    "Laguna de Bay": (121.25, 14.38, "file"),
    "Taal": (121.0, 13.98, "both"),
    "Lanao": (124.25, 7.88, "derived"),
    "Mainit": (125.53, 9.43, "derived"),
    "Naujan": (121.34, 13.16, "derived"),
}
LAKE_RADII: Final = 1.8
LAKE_LEAST_KM2: Final = 12
SIZE_CLASSES: Final = ((0, 0.3), (0.3, 0.6), (0.6, 1), (1, 1.7), (1.7, 3), (3, 99))


def load_land(wvs: Path, points: Barangays, lakes: Path | None) -> np.ndarray:
    """Return the islands of the Philippines."""
    lines = [LineString(np.round(line * 3600) / 3600) for line in read_shoreline(wvs, BOUNDS)]
    areas = shapely.get_parts(shapely.build_area(unary_union(lines)))
    islands = np.array([area for area in areas if isinstance(area, Polygon)], dtype=object)
    land = philippine(shapely.transform(islands, to_km), points.xy)
    water = lake_polygons(land, points, lakes)
    dry = shapely.get_parts(shapely.difference(land, unary_union(water)))
    return np.array([part for part in dry if isinstance(part, Polygon)], dtype=object)


def philippine(land: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Keep islands with a barangay, and those near one (very near on the side of Sabah)."""
    points = shapely.points(xy)
    settled = np.zeros(len(land), dtype=bool)
    settled[shapely.STRtree(land).query(points, predicate="intersects")[1]] = True
    away = shapely.STRtree(points).query_nearest(land, return_distance=True, all_matches=False)[1]
    centre = to_degrees(shapely.get_coordinates(shapely.centroid(land)))
    sabah = (centre[:, 0] < 119.0) & (centre[:, 1] < 7.75)
    return land[settled | (~sabah & (away < 40)) | (sabah & (away < 4))]


def lake_polygons(land: np.ndarray, points: Barangays, lakes: Path | None) -> list[BaseGeometry]:
    """Return the outline of each large lake, barangays on its islands left dry."""
    drawn = read_polygons(lakes, LAKE_BOUNDS) if lakes else []
    drawn = [shapely.transform(lake, to_km) for lake in drawn]
    derived = empty_land(land, points)
    out = []
    for lon, lat, source in LAKES.values():
        seed = Point(to_km(np.array([[lon, lat]]))[0]).buffer(3)
        found = [lake for lake in drawn if source != "derived" and lake.intersects(seed)]
        if source != "file" or not found:
            found += [lake for lake in derived if lake.intersects(seed)]
        out.append(_with_islands(unary_union(found), points))
    return out


def _with_islands(lake: BaseGeometry, points: Barangays) -> BaseGeometry:
    inside = shapely.contains_xy(lake.buffer(-1.0), points.xy[:, 0], points.xy[:, 1])
    radii = 1.3 * np.minimum(points.radius[inside], 1.5)
    islands = [
        Point(xy).buffer(radius, 4) for xy, radius in zip(points.xy[inside], radii, strict=True)
    ]
    return lake.difference(unary_union(islands)) if islands else lake


def empty_land(land: np.ndarray, points: Barangays, step: float = 0.5) -> list[Polygon]:
    """Return land further than `LAKE_RADII` barangay radii from every barangay: lake-like."""
    cells: list[BaseGeometry] = []
    for island in land:
        if island.area < 300:
            continue
        grid = _grid(island, step)
        far = grid[_radii_away(grid, points) > LAKE_RADII]
        if len(far):
            h = step / 2
            x, y = far[:, 0], far[:, 1]
            cells += shapely.get_parts(
                unary_union(shapely.box(x - h, y - h, x + h, y + h))
            ).tolist()
    keep = []
    for blob in shapely.get_parts(unary_union(cells)) if cells else []:
        for core in shapely.get_parts(blob.buffer(-0.8)):
            grown = core.buffer(1.5)
            if grown.area >= LAKE_LEAST_KM2:
                keep.append(Polygon(grown.exterior).simplify(0.3))
    return keep


def _grid(island: Polygon, step: float) -> np.ndarray:
    west, south, east, north = island.bounds
    x, y = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    grid = np.column_stack([x.ravel(), y.ravel()])
    shapely.prepare(island)
    return grid[shapely.contains_xy(island, grid[:, 0], grid[:, 1])]


def _radii_away(grid: np.ndarray, points: Barangays) -> np.ndarray:
    """Return the distance to the nearest barangay in its radii, searched by size class."""
    best = np.full(len(grid), np.inf)
    for low, high in SIZE_CLASSES:
        own = (points.radius >= low) & (points.radius < high)
        distance, index = cKDTree(points.xy[own]).query(grid, 4, workers=2)
        radius = points.radius[own][np.minimum(index, own.sum() - 1)]
        best = np.minimum(best, (distance / radius).min(axis=1))
    return best
