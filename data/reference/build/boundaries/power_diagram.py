"""A weighted Voronoi (power) diagram whose cells reproduce known areas and centroids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from barangays import KM_Y
from scipy.spatial import ConvexHull, cKDTree
from shapely import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

GROUP_OFFSET_KM: Final = 6000.0
SAMPLES_PER_CELL: Final = 14
FINEST_KM: Final = 0.06


@dataclass
class Samples:
    """Points covering the land, the area each stands for, and the island it lies on."""

    xy: np.ndarray
    area: np.ndarray
    group: np.ndarray


def sample_land(
    islands: list[tuple[int, Polygon]], group: np.ndarray, xy: np.ndarray, area: np.ndarray
) -> Samples:
    """Cover each island with quadtree samples, finer where barangays are small."""
    points, areas, groups = [], [], []
    for number, island in islands:
        own = group == number
        for kept, size in _quadtree(island, xy[own], area[own]):
            points.append(kept)
            areas.append(np.full(len(kept), size * size))
            groups.append(np.full(len(kept), number))
    all_points, weight = np.vstack(points), np.concatenate(areas)
    latitude = np.radians(all_points[:, 1] / KM_Y)
    weight = weight * np.cos(latitude) / np.cos(np.radians(12.5))
    return Samples(all_points, weight, np.concatenate(groups))


def _quadtree(island: Polygon, xy: np.ndarray, area: np.ndarray) -> list[tuple[np.ndarray, float]]:
    west, south, east, north = island.bounds
    size, out = 2.0, []
    x, y = np.meshgrid(
        np.arange(west + size / 2, east + size, size),
        np.arange(south + size / 2, north + size, size),
    )
    cells = np.column_stack([x.ravel(), y.ravel()])
    shapely.prepare(island)
    tree = cKDTree(xy)
    while len(cells):
        distance, index = tree.query(cells, min(2, len(xy)), workers=2)
        if index.ndim == 2:
            distance, smallest = distance[:, 0], area[index].min(axis=1)
        else:
            smallest = area[index]
        h = size / 2
        boxes = shapely.box(cells[:, 0] - h, cells[:, 1] - h, cells[:, 0] + h, cells[:, 1] + h)
        wanted = np.maximum(np.sqrt(smallest / SAMPLES_PER_CELL), distance / 3)
        split = (size > wanted) & (size > FINEST_KM) & shapely.intersects(boxes, island)
        rest = cells[~split]
        out.append((rest[shapely.contains_xy(island, rest[:, 0], rest[:, 1])], size))
        corners = [(dx * size / 4, dy * size / 4) for dx in (-1, 1) for dy in (-1, 1)]
        cells = np.vstack([cells[split] + corner for corner in corners])
        size /= 2
    return out


def fit(
    samples: Samples, group: np.ndarray, xy: np.ndarray, area: np.ndarray, rounds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Move sites and weights until cells have the areas and centroids of their barangays."""
    sites, weights = xy.copy(), area / np.pi
    radius = np.sqrt(area / np.pi)
    area = _scaled_to_land(samples, group, area)
    lifted = samples.xy.copy()
    lifted[:, 0] += samples.group * GROUP_OFFSET_KM
    lifted = np.column_stack([lifted, np.zeros(len(lifted))])
    best = (np.inf, sites, weights)
    for step in range(rounds):
        height = np.sqrt(weights.max() + 1e-9 - weights)
        tree = cKDTree(
            np.column_stack([sites[:, 0] + group * GROUP_OFFSET_KM, sites[:, 1], height])
        )
        _, owner = tree.query(lifted, workers=2)
        got, off = _cells(samples, owner, xy)
        distance = np.average(np.hypot(*off.T) / radius, weights=area)
        error = np.abs(area - got).sum() / area.sum() + distance
        if error < best[0]:
            best = (error, sites.copy(), weights.copy())
        damping = 0.5 if step < rounds * 0.6 else 0.25
        sites = _moved(sites, xy, damping * 0.6 * off, radius)
        weights = weights + damping * np.clip((area - got) / 1.73, -0.3 * area, 0.3 * area)
    return best[1], best[2]


def _scaled_to_land(samples: Samples, group: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Scale areas so that those of an island add up to its land."""
    land = np.bincount(samples.group, samples.area, group.max() + 1)
    return area * (land[group] / np.bincount(group, area)[group])


def _cells(samples: Samples, owner: np.ndarray, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the area of each cell and how far its centroid is from the wanted one."""
    got = np.bincount(owner, samples.area, len(xy))
    sums = [np.bincount(owner, samples.area * samples.xy[:, axis], len(xy)) for axis in (0, 1)]
    centre = np.column_stack(sums) / np.maximum(got, 1e-12)[:, None]
    return got, np.where((got > 0)[:, None], xy - centre, 0)


def _moved(sites: np.ndarray, xy: np.ndarray, step: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Move sites by at most a quarter radius, never further than 1.5 radii from the barangay."""
    length = np.hypot(*step.T) / (0.25 * radius)
    off = sites + step / np.maximum(length, 1)[:, None] - xy
    length = np.hypot(*off.T) / (1.5 * radius)
    return xy + off / np.maximum(length, 1)[:, None]


def cells_by_owner(
    sites: np.ndarray, weights: np.ndarray, owner: np.ndarray
) -> dict[str, BaseGeometry | None]:
    """Return the union of each owner's cells; None when one owner has the whole island."""
    if len(set(owner)) == 1:
        return {owner[0]: None}
    middle = sites.mean(axis=0)
    local = sites - middle
    angle = np.arange(12) * np.pi / 6
    far = 6 * max(float(np.abs(local).max()), 50.0)
    points = np.vstack([local, far * np.column_stack([np.cos(angle), np.sin(angle)])])
    lift = (points**2).sum(axis=1) - np.concatenate([weights, np.full(12, weights.min())])
    hull = ConvexHull(np.column_stack([points, lift]))
    lower = hull.equations[:, 2] < -1e-12
    faces, planes = hull.simplices[lower], hull.equations[lower]
    corners = -planes[:, :2] / planes[:, 2:3] / 2
    site, face = faces.ravel(), np.repeat(np.arange(len(faces)), 3)
    order = np.argsort(site, kind="stable")
    site, face = site[order], face[order]
    cells: dict[str, list[Polygon]] = {}
    for run in np.split(np.arange(len(site)), np.nonzero(np.diff(site))[0] + 1):
        number, corner = site[run[0]], corners[face[run]]
        if number >= len(sites) or len(corner) < 3:
            continue
        about = corner - corner.mean(axis=0)
        ring = corner[np.argsort(np.arctan2(about[:, 1], about[:, 0]))] + middle
        cells.setdefault(owner[number], []).append(Polygon(ring))
    return {code: unary_union(shapes) for code, shapes in cells.items()}
