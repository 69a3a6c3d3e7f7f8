"""Turn polygons of cities and municipalities into clean coverages of any level."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import shapely
from barangays import to_degrees
from shapely import Point
from shapely.geometry.base import BaseGeometry

DIGITS = 3


def polygons_only(shape: BaseGeometry) -> BaseGeometry:
    """Return a valid shape without its points and lines."""
    parts = shapely.get_parts(shapely.make_valid(shape))
    kinds = ("Polygon", "MultiPolygon")
    return shapely.union_all([part for part in parts if part.geom_type in kinds and part.area > 0])


def clean(shapes: dict[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    """Close gaps and overlaps between neighbours."""
    joined = shapely.coverage_clean(
        np.array(list(shapes.values()), dtype=object), snapping_distance=0.002
    )
    return {code: polygons_only(shape) for code, shape in zip(shapes, joined, strict=True)}


def dissolve(shapes: dict[str, BaseGeometry], parent: dict[str, str]) -> dict[str, BaseGeometry]:
    """Join cities and municipalities into the units above them."""
    groups: dict[str, list[BaseGeometry]] = {}
    for code, shape in shapes.items():
        groups.setdefault(parent[code], []).append(shape)
    return {code: shapely.union_all(groups[code]) for code in sorted(groups)}


def simplify(
    shapes: dict[str, BaseGeometry], tolerance_km: float, least_km2: float
) -> dict[str, BaseGeometry]:
    """Drop specks, simplify shared borders alike, and round to degrees."""
    kept = np.array([_without_specks(shape, least_km2) for shape in shapes.values()], dtype=object)
    out = {}
    for code, shape in zip(shapes, shapely.coverage_simplify(kept, tolerance_km), strict=True):
        rounded = shapely.transform(shape, lambda km: np.round(to_degrees(km), DIGITS))
        if not rounded.is_valid:
            rounded = polygons_only(shapely.set_precision(polygons_only(rounded), 10.0**-DIGITS))
        if rounded.is_empty or rounded.area == 0:
            centre = shapely.transform(shapes[code].centroid, to_degrees)
            rounded = Point(np.round(shapely.get_coordinates(centre)[0], DIGITS)).buffer(0.004, 2)
        out[code] = shapely.orient_polygons(rounded, exterior_cw=True)
    return out


def _without_specks(shape: BaseGeometry, least_km2: float) -> BaseGeometry:
    parts = shapely.get_parts(shape)
    parts = parts[np.argsort(-shapely.area(parts))]
    return shapely.union_all(
        [part for i, part in enumerate(parts) if i == 0 or part.area > least_km2]
    )


def write_geojson(
    path: Path, shapes: dict[str, BaseGeometry], names: dict[str, dict[str, str]]
) -> None:
    """Write a feature a unit; its id is the code."""
    features = [
        {
            "type": "Feature",
            "id": code,
            "properties": {"code": code, **names[code]},
            "geometry": json.loads(
                shapely.to_geojson(shapely.transform(shape, lambda xy: np.round(xy, DIGITS)))
            ),
        }
        for code, shape in shapes.items()
    ]
    content = {"type": "FeatureCollection", "features": features}
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
    packed = len(gzip.compress(text.encode(), 9)) / 1024
    vertices = int(shapely.get_num_coordinates(list(shapes.values())).sum())
    print(f"{path.name}: {len(shapes)} units, {vertices} vertices, {packed:.0f} KB gzipped")
