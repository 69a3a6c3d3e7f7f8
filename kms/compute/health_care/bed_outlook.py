"""When beds will be full: patients in from the cases to come, patients out after their stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from kms.compute.cases.forecasting import Outlook
from kms.compute.cases.inputs import CaseInputs
from kms.compute.cases.late_reports import SEED
from kms.compute.health_care.capacity import BedsInUse
from kms.domain.diseases import Delay, Disease
from kms.domain.indicators import BEDS_AHEAD_DAYS, BEDS_FULL
from kms.domain.series import make_series
from kms.store.publications import Entry
from metrics.health_care.occupancy import LEAST_BEDS
from metrics.health_care.projection import FIT_DAYS, CaseOutlook, Projection, project
from metrics.health_care.severity import gamma_delay
from metrics.states import State

Floats = NDArray[np.float64]
# Indicator of the beds in use -> days until the mark, and the chance that it is reached by then.
ASKED = {
    "icu_occupancy": ("days_to_icu_capacity", "p_icu_capacity_21d"),
    "bed_occupancy": ("days_to_capacity", "p_capacity_21d"),
}
MOST_BEHIND_DAYS = 7  # of the beds behind the cases


def bed_outlook(
    inputs: CaseInputs, ahead: Outlook, beds: Mapping[str, BedsInUse], disease: Disease
) -> tuple[Entry, ...]:
    """Project the beds of every area for which cases are forecast, if no bed is added.

    Where forecasts of cases are withheld, what rests on them is, too.
    """
    stays = {"icu_occupancy": disease.icu_stay, "bed_occupancy": disease.hospital_stay}
    entries: list[Entry] = []
    for indicator, stay in stays.items():
        used = beds.get(indicator)
        if used is not None and stay is not None and disease.report_to_admission is not None:
            entries += _projected(
                inputs, ahead, used, (indicator, stay, disease.report_to_admission)
            )
    return tuple(entries)


def _projected(
    inputs: CaseInputs, ahead: Outlook, used: BedsInUse, what: tuple[str, Delay, Delay]
) -> Iterator[Entry]:
    indicator, stay, admission = what
    behind = (inputs.cases_to - used.end).days
    # Beds told of later than cases are set back to the cases, which the projection starts from.
    stock = used.occupied[: len(used.occupied) + min(behind, 0)]
    behind = max(behind, 0)
    days = min(len(stock), inputs.days() - behind)
    last = len(stock) - 1
    columns = _columns(inputs, ahead, used, last)
    if behind > MOST_BEHIND_DAYS or days < FIT_DAYS or not columns:
        return
    place = [inputs.areas.index(used.units[c]) for c in columns]
    counts, end = inputs.counts["report"][:, place], inputs.days() - behind
    draws = np.moveaxis(ahead.draws[:, place], 2, 1)  # (H, M, A)
    since = np.repeat(counts[end:, None], draws.shape[1], axis=1)
    seed = [SEED, inputs.cases_to.toordinal(), 4, list(ASKED).index(indicator)]
    found = project(
        stock[-days:, columns],
        used.total[last, columns],
        CaseOutlook(
            cases=counts[end - days : end],
            forecast=np.concatenate([since, draws])[: draws.shape[0]],
            admission_delay=gamma_delay(admission.mean_days, admission.sd_days),
            stay_days=stay.mean_days,
        ),
        rng=np.random.default_rng(seed),
        marks=(BEDS_FULL,),
    )
    day = inputs.cases_to - timedelta(days=behind)
    for column, index in enumerate(place):
        place_of_beds = last, columns[column]
        trust = (
            used.state[place_of_beds] if ahead.good[index] else float(State.WITHHELD),
            used.reporting[place_of_beds],
        )
        where = inputs.areas[index], day
        yield from _entries(found, column, ASKED[indicator], where, trust=trust)


def _columns(inputs: CaseInputs, ahead: Outlook, used: BedsInUse, last: int) -> list[int]:
    """Return the areas of the beds for which cases are forecast and enough beds are in date."""
    forecast = {
        area: bool(np.isfinite(ahead.draws[:, index]).all())
        for index, area in enumerate(inputs.areas)
    }
    return [
        column
        for column, area in enumerate(used.units)
        if forecast.get(area)
        and used.total[last, column] >= LEAST_BEDS
        and used.state[last, column] in (State.FINAL, State.PROVISIONAL)
    ]


def _entries(
    found: Projection,
    column: int,
    names: tuple[str, str],
    where: tuple[str, date],
    *,
    trust: tuple[float, float],
) -> Iterator[Entry]:
    """Give the days until the mark where it will more likely than not be reached, and the chance.

    Below one half there are no days to tell: most draws never get there. `trust` is the state of
    the beds, or withheld, and the share of hospitals that reported.
    """
    (area, day), (state, reporting) = where, trust
    own = float(found.state[0, column])
    if own == State.MISSING:
        return
    told = own if own != State.FINAL else state
    ends = found.days[:1, column], found.days_low[:1, column], found.days_high[:1, column]
    value, low, high = (np.where(told == State.WITHHELD, np.nan, end) for end in ends)
    days = make_series(day, value, low=low, high=high, state=told, completeness=reporting)
    yield Entry(names[0], area, "", days)
    chance = found.chance[0, BEDS_AHEAD_DAYS - 1 : BEDS_AHEAD_DAYS, column]
    chance = np.where(state == State.WITHHELD, np.nan, chance)
    yield Entry(names[1], area, "", make_series(day, chance, state=state, completeness=reporting))
