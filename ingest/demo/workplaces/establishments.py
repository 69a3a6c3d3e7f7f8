"""Synthetic establishments: where, in which industry, how large, how careful."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.demo.places import Geography


@dataclass(frozen=True)
class Industry:
    """A PSIC section as the demonstration draws it."""

    section: str
    share: float
    risk: str
    compliance_logit: float
    trades: tuple[tuple[str, str], ...]  # (PSIC 2009 sub-class, word in the name)


INDUSTRIES = (
    Industry("A", 0.050, "high", -0.55, (("01220", "Pineapple Farm"), ("01463", "Poultry"))),
    Industry("B", 0.022, "high", 0.20, (("08105", "Sand and Gravel"), ("08103", "Quarry"))),
    Industry(
        "C",
        0.180,
        "medium",
        0.10,
        (
            ("10110", "Meat Packing"),
            ("10201", "Fish Canning"),
            ("10711", "Bakery"),
            ("14120", "Garments"),
            ("26120", "Semiconductors"),
            ("24122", "Steel Pipes"),
        ),
    ),
    Industry("D", 0.016, "high", 0.70, (("35100", "Power"), ("35300", "Ice and Steam"))),
    Industry("E", 0.020, "high", -0.15, (("36000", "Water Works"), ("38110", "Waste Hauling"))),
    Industry(
        "F", 0.120, "high", -0.50, (("41001", "Home Builders"), ("42100", "Road Construction"))
    ),
    Industry(
        "G",
        0.190,
        "low",
        -0.10,
        (("47112", "Supermarket"), ("47111", "Grocery"), ("47300", "Fuel Station")),
    ),
    Industry("H", 0.070, "medium", -0.15, (("49202", "Bus Lines"), ("49331", "Trucking"))),
    Industry("I", 0.095, "low", -0.20, (("56101", "Restaurant"), ("55101", "Hotel"))),
    Industry("J", 0.022, "low", 0.55, (("62010", "Software"), ("58130", "Publishing"))),
    Industry("K", 0.030, "low", 0.80, (("64196", "Rural Bank"), ("64930", "Pawnshop"))),
    Industry("L", 0.020, "low", 0.20, (("68140", "Property Rentals"), ("68120", "Estates"))),
    Industry("M", 0.028, "low", 0.50, (("69100", "Law Office"), ("71200", "Testing Laboratory"))),
    Industry("N", 0.055, "medium", 0.00, (("82211", "Contact Centre"), ("82229", "Back Office"))),
    # Firms working for government and corporations without original charter; others are exempt.
    Industry("O", 0.006, "low", 0.10, (("84130", "Public Services"),)),
    Industry("P", 0.038, "low", 0.35, (("85402", "College"), ("85212", "Academy"))),
    Industry("Q", 0.050, "medium", 0.45, (("86121", "Hospital"), ("86221", "Medical Clinic"))),
    Industry("R", 0.015, "low", 0.00, (("92000", "Gaming"), ("93110", "Sports Centre"))),
    Industry("S", 0.033, "low", -0.25, (("96105", "Beauty Parlor"), ("96101", "Spa"))),
    # Residences used as workplaces (DO 252-25). Section U, embassies, is not inspected.
    Industry("T", 0.004, "low", -0.50, (("97000", "Household"),)),
)
NAMES = (
    "Sampaguita",
    "Tala",
    "Bayanihan",
    "Mayon",
    "Luntian",
    "Bituin",
    "Amihan",
    "Narra",
    "Perlas",
    "Kalinaw",
    "Dalisay",
    "Habagat",
    "Silangan",
    "Makiling",
    "Ilang-Ilang",
    "Bakawan",
)
SIZE_SHARES = {"micro": 0.38, "small": 0.42, "medium": 0.11, "large": 0.09}
SIZE_BOUNDS = {"micro": (2, 10), "small": (10, 100), "medium": (100, 200), "large": (200, 1500)}
SIZE_LOGITS = (-0.35, 0.0, 0.30, 0.55)


@dataclass(frozen=True)
class Establishments:
    """Arrays of one length; texts as lists."""

    name: list[str]
    city: NDArray[np.int64]
    region: NDArray[np.int64]
    industry: NDArray[np.int64]  # index into INDUSTRIES
    psic: list[str]
    size: NDArray[np.int64]  # 0 micro … 3 large
    male: NDArray[np.int64]
    female: NDArray[np.int64]
    care: NDArray[np.float64]  # logit: everything that lasts about the firm

    def __len__(self) -> int:
        """Count the establishments."""
        return len(self.name)


def make_establishments(
    geography: Geography, rng: np.random.Generator, count: int
) -> Establishments:
    """Draw establishments; the first ones visit every region and section in turn."""
    regions, sections = len(geography.regions), len(INDUSTRIES)
    region_share = np.bincount(geography.province_region, geography.population) ** 0.7
    region = rng.choice(regions, count, p=region_share / region_share.sum())
    share = np.array([industry.share for industry in INDUSTRIES])
    industry = rng.choice(sections, count, p=share / share.sum())
    turns = min(count, regions * 2)
    region[:turns] = np.arange(turns) % regions
    industry[: min(count, sections)] = np.arange(min(count, sections))
    province = _province_in(geography, region, rng)
    trade = [rng.integers(len(INDUSTRIES[index].trades)) for index in industry]
    trades = [INDUSTRIES[i].trades[t] for i, t in zip(industry, trade, strict=True)]
    size = rng.choice(4, count, p=list(SIZE_SHARES.values()))
    low, high = np.array(list(SIZE_BOUNDS.values())).T
    workers = np.exp(rng.uniform(np.log(low[size]), np.log(high[size]))).astype(np.int64)
    male = rng.binomial(workers, rng.beta(4, 3, count))
    logit = np.array([kind.compliance_logit for kind in INDUSTRIES])[industry]
    return Establishments(
        name=[
            f"Demo {NAMES[number % len(NAMES)]} {word} {number:04d}"
            for number, (_, word) in enumerate(trades)
        ],
        city=geography.draw_cities(rng, province),
        region=region,
        industry=industry,
        psic=[code for code, _ in trades],
        size=size,
        male=male,
        female=workers - male,
        care=logit + np.array(SIZE_LOGITS)[size] + rng.normal(0.0, 0.55, count),
    )


def _province_in(
    geography: Geography, region: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw a province of each region, by population."""
    province = np.zeros(len(region), dtype=np.int64)
    for index in range(len(geography.regions)):
        inside = np.flatnonzero(geography.province_region == index)
        people = geography.population[inside]
        here = region == index
        province[here] = rng.choice(inside, int(here.sum()), p=people / people.sum())
    return province
