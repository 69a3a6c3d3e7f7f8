"""Transmission of one disease and what comes; counts that are as before are not computed again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from kms.compute.cases.forecasting import Outlook, outlook
from kms.compute.cases.inputs import CaseInputs
from kms.compute.cases.transmission import Transmission, transmission
from kms.compute.workers import Workers
from kms.domain.areas import Areas
from kms.domain.diseases import Disease


@dataclass(frozen=True)
class Epidemic:
    """What case counts alone can tell, today and ahead."""

    now: Transmission
    ahead: Outlook | None


@dataclass
class Kept:
    """The last epidemic computed, and the name of what it was made from.

    For one run that makes several publications: in many of them only beds or inspections are
    new. It goes with the run, since it is as large as all figures of a publication.
    """

    name: str = ""
    epidemic: Epidemic | None = None


def epidemic(
    inputs: CaseInputs, areas: Areas, disease: Disease, workers: Workers, *, kept: Kept
) -> Epidemic:
    """Estimate, or return what was estimated last if it was from the same counts."""
    name = fingerprint(inputs, areas, disease)
    if kept.epidemic is None or kept.name != name:
        now = transmission(inputs, areas, disease, workers)
        kept.epidemic = Epidemic(now, outlook(inputs, now.serial_interval, workers))
        kept.name = name
    return kept.epidemic


def fingerprint(inputs: CaseInputs, areas: Areas, disease: Disease) -> str:
    """Return a name for everything an epidemic is computed from."""
    found = hashlib.sha256(repr(disease).encode())
    people = [areas.population(code, inputs.cases_to) for code in inputs.areas]
    told = (inputs.start, inputs.cases_to, inputs.areas, inputs.parents, people)
    found.update(repr(told).encode())
    tables = [*sorted(inputs.counts.items()), *sorted(inputs.abroad.items())]
    tables += [("placeless", inputs.placeless), ("triangles", inputs.triangles)]
    if inputs.entered is not None:
        tables += [("then", inputs.entered[0]), ("now", inputs.entered[1])]
    for name, table in tables:
        found.update(f"{name} {table.shape} ".encode())
        found.update(np.ascontiguousarray(table).tobytes())
    return found.hexdigest()
