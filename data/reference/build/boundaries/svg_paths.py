"""Make the SVG paths of the page maps from the GeoJSON boundaries; users never run it.

Needs `shapely` (2.1 or newer). Plate carrée with the middle latitude's cosine, whole units of
0.01 degree of latitude (1.1 km), relative commands, and Metro Manila once more in an inset:

    python data/reference/build/boundaries/svg_paths.py
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

BOUNDARIES: Final = Path(__file__).resolve().parents[2] / "boundaries"
WEST, SOUTH, EAST, NORTH = 114.0, 4.4, 126.8, 21.3
MIDDLE_LATITUDE: Final = 12.5
UNITS_PER_DEGREE: Final = 100
TOLERANCES: Final = {"regions": 1.2, "provinces": 0.8}
LEAST_AREA: Final = {"regions": 10.0, "provinces": 6.0}
REMOTE_UNITS: Final = 40.0
SPECK_RADIUS: Final = 4
INSET_WINDOW: Final = (120.80, 14.30, 121.20, 14.82)
INSET_FRAME: Final = (60, 380, 300, 400)
INSET_TOLERANCE: Final = 1.2

Geometries = dict[str, BaseGeometry]


def project(lonlat: np.ndarray) -> np.ndarray:
    """Turn longitude and latitude into map units, y downwards."""
    scale = UNITS_PER_DEGREE * math.cos(math.radians(MIDDLE_LATITUDE))
    return np.column_stack(
        [(lonlat[:, 0] - WEST) * scale, (NORTH - lonlat[:, 1]) * UNITS_PER_DEGREE]
    )


def into_inset(points: np.ndarray) -> np.ndarray:
    """Turn map units of the inset's window into map units of its frame."""
    west, south, east, north = INSET_WINDOW
    corners = project(np.array([[west, north], [east, south]]))
    x, y, width, height = INSET_FRAME
    scale = min(width / (corners[1, 0] - corners[0, 0]), height / (corners[1, 1] - corners[0, 1]))
    return (points - corners[0]) * scale + (x, y)


def read_geometries(path: Path) -> Geometries:
    """Return the projected geometries of a GeoJSON file by code."""
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    return {
        feature["id"]: shapely.transform(
            shapely.from_geojson(json.dumps(feature["geometry"])), project
        )
        for feature in features
    }


def parts_of(shape: BaseGeometry) -> list[Polygon]:
    """Return the polygons of a shape, the largest first."""
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    return sorted(parts, key=lambda part: -part.area)


def drop_specks(shape: BaseGeometry, least: float) -> BaseGeometry:
    """Drop small islands near others; draw small ones far from all others as a diamond."""
    parts = parts_of(shape)
    kept = [part for rank, part in enumerate(parts) if rank == 0 or part.area >= least]
    for part in parts[len(kept) :]:
        centre = part.centroid
        if min(centre.distance(other) for other in kept) > REMOTE_UNITS:
            kept.append(diamond(centre.x, centre.y))
    if len(kept) == 1 and kept[0].area < least:
        kept = [diamond(kept[0].centroid.x, kept[0].centroid.y)]
    return MultiPolygon(kept)


def diamond(x: float, y: float) -> Polygon:
    """Return the mark of an island too small to draw."""
    r = SPECK_RADIUS
    return Polygon([(x, y - r), (x + r, y), (x, y + r), (x - r, y)])


def simplify(shapes: Geometries, tolerance: float) -> Geometries:
    """Simplify shared borders alike, so that neighbours still touch."""
    simple = shapely.coverage_simplify(np.array(list(shapes.values()), dtype=object), tolerance)
    return dict(zip(shapes, simple, strict=True))


def ring_path(points: np.ndarray) -> str:
    """Return one closed ring in whole units with relative commands; '' when it vanishes."""
    grid = np.rint(points[:-1]).astype(int)
    keep = np.any(grid != np.roll(grid, 1, axis=0), axis=1)
    grid = grid[keep]
    if len(grid) < 3:
        return ""
    steps = np.diff(grid, axis=0)
    moves = " ".join(f"{dx} {dy}" for dx, dy in steps)
    return f"M{grid[0, 0]} {grid[0, 1]}l{moves}z".replace(" -", "-")


def path_of(shape: BaseGeometry) -> str:
    """Return the path of a shape: every ring of every part."""
    rings = [
        ring_path(shapely.get_coordinates(ring))
        for part in parts_of(shape)
        for ring in (part.exterior, *part.interiors)
    ]
    return "".join(rings)


def label_of(shape: BaseGeometry) -> list[int]:
    """Return where a label sits: the middle of the largest circle in the largest part."""
    circle = shapely.maximum_inscribed_circle(parts_of(shape)[0], tolerance=0.5)
    x, y = shapely.get_coordinates(circle)[0]
    return [round(float(x)), round(float(y))]


def inset_of(shapes: Geometries) -> dict[str, Any]:
    """Return Metro Manila and its surroundings, enlarged into the frame."""
    west, south, east, north = INSET_WINDOW
    corners = project(np.array([[west, south], [east, north]]))
    window = shapely.box(corners[0, 0], corners[1, 1], corners[1, 0], corners[0, 1])
    cut = {
        code: shapely.transform(shape.intersection(window), into_inset)
        for code, shape in shapes.items()
        if shape.intersects(window)
    }
    cut = {code: shape for code, shape in cut.items() if parts_of(shape)}
    frame = shapely.transform(window, into_inset).bounds
    box = [round(frame[0]), round(frame[1]), round(frame[2] - frame[0]), round(frame[3] - frame[1])]
    simple = simplify(cut, INSET_TOLERANCE)
    return {
        "frame": box,
        "paths": {code: path_of(shape) for code, shape in simple.items()},
        "labels": {code: label_of(shape) for code, shape in simple.items()},
    }


def map_of(level: str) -> dict[str, Any]:
    """Return the map of a level: viewbox, paths, labels and the inset."""
    shapes = read_geometries(BOUNDARIES / f"{level}.geojson")
    kept = {code: drop_specks(shape, LEAST_AREA[level]) for code, shape in shapes.items()}
    simple = simplify(kept, TOLERANCES[level])
    size = project(np.array([[EAST, SOUTH]]))[0]
    return {
        "viewbox": f"0 0 {math.ceil(size[0])} {math.ceil(size[1])}",
        "paths": {code: path_of(shape) for code, shape in simple.items()},
        "labels": {code: label_of(shape) for code, shape in kept.items()},
        "inset": inset_of(shapes),
    }


def main() -> None:
    """Write one file a level."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=BOUNDARIES)
    options = parser.parse_args()
    for level in TOLERANCES:
        text = json.dumps(map_of(level), separators=(",", ":"), sort_keys=True) + "\n"
        path = options.out / f"{level}_svg.json"
        path.write_text(text, encoding="utf-8")
        packed = len(gzip.compress(text.encode(), 9))
        print(f"{path.name}: {len(text) / 1024:.0f} KB, {packed / 1024:.1f} KB gzipped")


if __name__ == "__main__":
    main()
