"""Read the polygons of a shapefile (.shp only)."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry


def read_polygons(path: Path, bounds: tuple[float, float, float, float]) -> list[BaseGeometry]:
    """Return the polygons that lie wholly inside west, south, east, north."""
    data = path.read_bytes()
    at, out = 100, []
    while at < len(data):
        length = struct.unpack(">i", data[at + 4 : at + 8])[0] * 2
        record = data[at + 8 : at + 8 + length]
        at += 8 + length
        if struct.unpack("<i", record[:4])[0] not in (5, 15):
            continue
        box = struct.unpack("<4d", record[4:36])
        inside = box[0] >= bounds[0] and box[1] >= bounds[1]
        if inside and box[2] <= bounds[2] and box[3] <= bounds[3]:
            out.append(_polygon(record))
    return out


def _polygon(record: bytes) -> BaseGeometry:
    parts, points = struct.unpack("<2i", record[36:44])
    starts = [*struct.unpack(f"<{parts}i", record[44 : 44 + 4 * parts]), points]
    flat = np.frombuffer(record, "<f8", 2 * points, 44 + 4 * parts).reshape(-1, 2)
    rings = [shapely.linestrings(flat[i:j]) for i, j in pairwise(starts)]
    return shapely.build_area(shapely.multilinestrings(rings))
