"""Where facilities stand: every region has some, in the largest cities of its provinces."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.clock import FACILITIES_FROM, FACILITY_RELEASES, NEVER

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from ingest.demo.places import Geography

EACH_REGION = 2
HOSTS_SHARE, FEWEST_HOSTS = 0.035, 3  # of a region's cities and municipalities
LATER_SHARES = (0.80, 0.15, 0.05)  # reports known on their day, one and two days later


def facility_days() -> list[date]:
    """Return every day facilities report on."""
    count = (FACILITY_RELEASES[-1] - FACILITIES_FROM).days + 1
    return [FACILITIES_FROM + timedelta(days=day) for day in range(count)]


def draw_sites(
    geography: Geography, rng: np.random.Generator, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return region and city of so many facilities; more where more people live."""
    regions = len(geography.regions)
    people = np.array([city.population for city in geography.cities], dtype=np.float64)
    region_of_city = geography.province_region[geography.city_province]
    share = np.bincount(geography.province_region, geography.population) ** 0.8
    region = rng.choice(regions, count, p=share / share.sum())
    turns = min(count, regions * EACH_REGION)
    region[:turns] = np.arange(turns) % regions
    city = np.zeros(count, dtype=np.int64)
    for index in range(regions):
        inside = np.flatnonzero(region_of_city == index)
        hosts = max(FEWEST_HOSTS, round(HOSTS_SHARE * len(inside)))
        inside = inside[np.argsort(-people[inside], kind="stable")[:hosts]]
        here = region == index
        chances = people[inside] / people[inside].sum()
        city[here] = rng.choice(inside, int(here.sum()), p=chances)
    return region.astype(np.int64), city


def known_from(
    rng: np.random.Generator, days: list[date], count: int, *, missed: float
) -> NDArray[np.int64]:
    """Return the day each report is known, `NEVER` for those never sent: (days, facilities)."""
    shape = (len(days), count)
    first = np.array([day.toordinal() for day in days])[:, None]
    known = first + rng.choice(len(LATER_SHARES), shape, p=LATER_SHARES)
    return np.where(rng.random(shape) < missed, NEVER, known)
