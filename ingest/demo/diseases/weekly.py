"""The true weekly cases of notifiable diseases in every reporting place.

Negative binomial around a level that has a season, a course of its own in each place, and the
outbreaks. Rates are of the size of the national reports of ordinary years, not of any one year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ingest.demo.clock import DISEASE_RELEASES
from ingest.demo.diseases.outbreaks import OUTBREAKS, Outbreak
from kms.domain.calendar.morbidity_weeks import sunday_on_or_before

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.demo.diseases.units import Units

WEEKS = 106
DAYS_IN_YEAR = 365.25
PLACE_SD, COURSE_SD, COURSE_WEEKS = 0.35, 0.25, 6.0
DISPERSION_SIZE = 12.0


@dataclass(frozen=True)
class Illness:
    """How often a disease is reported, when in the year, and what becomes of the ill."""

    disease: str  # id of its reference file
    printed: str
    per_100k_a_year: float
    peak: tuple[int, int]  # month and day at which the season is highest
    amplitude: float  # of the log rate
    confirmed_share: float | None  # None: the column stays blank
    fatality: float | None


ILLNESSES = (
    Illness("dengue", "Dengue", 190.0, (9, 1), 0.95, None, 0.004),
    Illness("influenza", "ILI", 165.0, (1, 15), 0.80, None, None),
    Illness("leptospirosis", "Leptospirosis", 5.5, (8, 25), 1.35, 0.30, 0.10),
    Illness("measles", "Measles", 3.5, (4, 1), 0.45, 0.35, None),
)


@dataclass(frozen=True)
class WeeklyCases:
    """Cases by disease, place and week: arrays of shape (diseases, places, weeks)."""

    sundays: list[date]
    cases: NDArray[np.int64]
    confirmed: NDArray[np.int64]
    deaths: NDArray[np.int64]
    outbreak: NDArray[np.int64]  # of the cases, those put in on purpose


def weeks_told() -> list[date]:
    """Return the Sundays of all weeks that are over when the last release comes out."""
    last = sunday_on_or_before(DISEASE_RELEASES[-1]) - timedelta(weeks=1)
    return [last - timedelta(weeks=lag) for lag in range(WEEKS)][::-1]


def make_weekly_cases(units: Units, rng: np.random.Generator, *, scale: float) -> WeeklyCases:
    """Draw every week's true cases; `scale` multiplies the usual ones, not the outbreaks."""
    sundays = weeks_told()
    level = _levels(units, sundays, rng) * scale
    usual = rng.poisson(level * rng.gamma(DISPERSION_SIZE, 1.0 / DISPERSION_SIZE, level.shape))
    extra = np.zeros(level.shape, dtype=np.int64)
    for outbreak in OUTBREAKS:
        extra[cells_of(outbreak, units, sundays)] += outbreak.by_week(rng)
    cases = usual + extra
    confirmed = [
        rng.binomial(cases[index], illness.confirmed_share or 0.0)
        for index, illness in enumerate(ILLNESSES)
    ]
    deaths = [
        rng.binomial(cases[index], illness.fatality or 0.0)
        for index, illness in enumerate(ILLNESSES)
    ]
    return WeeklyCases(sundays, cases, np.stack(confirmed), np.stack(deaths), extra)


def cells_of(outbreak: Outbreak, units: Units, sundays: list[date]) -> tuple[int, int, slice]:
    """Return where an outbreak lies in the arrays; raise `ValueError` where it does not fit."""
    diseases = [illness.disease for illness in ILLNESSES]
    first = (outbreak.first_week - sundays[0]).days // 7
    return (
        diseases.index(outbreak.disease),
        units.codes.index(outbreak.area),
        slice(sundays.index(outbreak.first_week), first + outbreak.weeks),
    )


def _levels(units: Units, sundays: list[date], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the mean cases a week without outbreaks, shape (diseases, places, weeks)."""
    per_week = 7.0 / DAYS_IN_YEAR / 100_000.0
    levels = []
    for illness in ILLNESSES:
        days = np.array([(day - date(day.year, *illness.peak)).days for day in sundays])
        season = illness.amplitude * np.cos(2.0 * np.pi * days / DAYS_IN_YEAR)
        place = rng.normal(0.0, PLACE_SD, len(units))
        white = rng.normal(size=(len(units), len(sundays)))
        course = gaussian_filter1d(white, COURSE_WEEKS, axis=1)
        course *= COURSE_SD / course.std()
        relative = np.exp(season[None, :] + place[:, None] + course)
        share = units.population[:, None] * illness.per_100k_a_year * per_week
        levels.append(share * relative / np.exp(season).mean())
    return np.stack(levels)
