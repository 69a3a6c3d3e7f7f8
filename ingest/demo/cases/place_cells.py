"""The four place columns of the line list as one table: RegionRes, ProvRes, CityMunRes, PSGC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ingest.demo.places import DOH_REGIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.demo.places import Geography


@dataclass(frozen=True)
class PlaceCells:
    """Rows of place text, and where to find the row for a city and its degraded variants."""

    texts: list[str]  # four cells joined by commas
    first_of_city: NDArray[np.int64]
    spellings_of_city: NDArray[np.int64]  # how many rows in a run
    garbled_city: NDArray[np.int64]  # mis-decoded name; the plain row where there is none
    blank_city: NDArray[np.int64]  # by province
    blank_province: NDArray[np.int64]  # by region
    blank: int
    returning: int


def place_cells(geography: Geography) -> PlaceCells:
    """List every place text the release can hold."""
    texts: list[str] = []
    first, count, garbled = [], [], []
    for city, province in zip(geography.cities, geography.city_province, strict=True):
        region = DOH_REGIONS[geography.regions[geography.province_region[province]]]
        start = f"{region},{geography.printed_province(city)},{city.printed}"
        first.append(len(texts))
        count.append(len(city.old_codes))
        texts += [f"{start},{code}" for code in city.old_codes]
        garbled.append(first[-1])
        if "Ñ" in city.printed:
            wrong = start.encode().decode("cp1252")
            garbled[-1] = len(texts)
            texts.append(f"{wrong},{city.old_codes[0]}")
    blank_city = len(texts) + np.arange(len(geography.provinces))
    for province, of_region in enumerate(geography.province_region):
        region = DOH_REGIONS[geography.regions[of_region]]
        texts.append(f"{region},{geography.printed_province_of(province)},,")
    blank_province = len(texts) + np.arange(len(geography.regions))
    texts += [f"{DOH_REGIONS[code]},,," for code in geography.regions]
    texts += [",,,", "ROF,,,"]
    return PlaceCells(
        texts=texts,
        first_of_city=np.array(first),
        spellings_of_city=np.array(count),
        garbled_city=np.array(garbled),
        blank_city=blank_city,
        blank_province=blank_province,
        blank=len(texts) - 2,
        returning=len(texts) - 1,
    )
