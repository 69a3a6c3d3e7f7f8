"""Who reports notifiable diseases each week: provinces, and the cities that report beside them.

Highly urbanised and independent component cities report themselves, as does Pateros; a province
reports its other towns, so that no case is counted twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.cells import quoted
from ingest.demo.places import DOH_REGIONS
from kms.domain.areas import NCR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.demo.places import City, Geography

APART = frozenset({"huc", "icc"})


@dataclass(frozen=True)
class Units:
    """Reporting places: lists and arrays of one length."""

    codes: list[str]
    names: list[str]
    texts: list[str]  # region, province, city and code, as four cells joined by commas
    population: NDArray[np.float64]

    def __len__(self) -> int:
        """Count the reporting places."""
        return len(self.codes)


def reporting_units(geography: Geography) -> Units:
    """List the provinces' other towns and the cities that report beside them, by code."""
    found: list[tuple[str, str, str, float]] = []
    left = geography.population.copy()
    for city, province in zip(geography.cities, geography.city_province, strict=True):
        if city.level in APART or city.region == NCR:
            left[province] -= city.population
            found.append((city.code, city.name, _text_of_city(geography, city), city.population))
    for index, code in enumerate(geography.provinces):
        if code != NCR:
            cells = (_region(geography, index), geography.printed_province_of(index), "", code)
            text = ",".join(map(quoted, cells))
            found.append((code, geography.province_names[index], text, float(left[index])))
    found.sort()
    return Units(
        codes=[unit[0] for unit in found],
        names=[unit[1] for unit in found],
        texts=[unit[2] for unit in found],
        population=np.array([unit[3] for unit in found], dtype=np.float64),
    )


def _text_of_city(geography: Geography, city: City) -> str:
    cells = (DOH_REGIONS[city.region], geography.printed_province(city), city.printed, city.code)
    return ",".join(map(quoted, cells))


def _region(geography: Geography, province: int) -> str:
    return DOH_REGIONS[geography.regions[geography.province_region[province]]]
