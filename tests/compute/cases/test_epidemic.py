"""Counts that are as before are not computed again; anything else is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kms.compute.cases.epidemic import Kept, epidemic, fingerprint
from kms.compute.cases.inputs import CaseInputs
from kms.compute.cases.transmission import transmission
from kms.compute.workers import HERE
from kms.reference import load_areas, load_diseases
from tests.compute.cases.simulated import Floats, simulated

AREAS, COVID = load_areas(), load_diseases()["covid19"]
GIVEN = simulated(4).inputs


def one_more(table: Floats) -> Floats:
    changed = table.copy()
    changed.flat[-1] += 1
    return changed


def test_the_same_counts_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[CaseInputs] = []

    def counted(inputs: CaseInputs, *rest: object) -> object:
        made.append(inputs)
        return transmission(inputs, *rest)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr("kms.compute.cases.epidemic.transmission", counted)
    kept = Kept()
    first = epidemic(GIVEN, AREAS, COVID, HERE, kept=kept)
    again = epidemic(simulated(4).inputs, AREAS, COVID, HERE, kept=kept)
    assert again is first
    assert len(made) == 1
    other = epidemic(simulated(5).inputs, AREAS, COVID, HERE, kept=kept)
    assert other is not first
    assert len(made) == 2
    back = epidemic(GIVEN, AREAS, COVID, HERE, kept=kept)
    for one, two in zip(back.now.entries, first.now.entries, strict=True):
        assert np.array_equal(one.series.value, two.series.value, equal_nan=True)


def test_whatever_an_epidemic_is_made_from_is_in_its_name() -> None:
    entered = (np.ones((29, 6)), np.ones((29, 6)))
    others = [
        replace(GIVEN, start=GIVEN.start.replace(day=2)),
        replace(GIVEN, cases_to=GIVEN.cases_to.replace(day=1)),
        replace(GIVEN, areas=tuple(reversed(GIVEN.areas))),
        replace(GIVEN, parents=("", *GIVEN.parents[:0:-1])),
        replace(GIVEN, placeless=one_more(GIVEN.placeless)),
        replace(GIVEN, triangles=one_more(GIVEN.triangles)),
        replace(GIVEN, entered=entered),
        replace(GIVEN, entered=(entered[0], one_more(entered[1]))),
        *(
            replace(GIVEN, counts={**GIVEN.counts, name: one_more(table)})
            for name, table in GIVEN.counts.items()
        ),
        *(
            replace(GIVEN, abroad={**GIVEN.abroad, name: one_more(table)})
            for name, table in GIVEN.abroad.items()
        ),
    ]
    names = {fingerprint(inputs, AREAS, COVID) for inputs in (GIVEN, *others)}
    names.add(fingerprint(GIVEN, AREAS, load_diseases()["measles"]))
    assert len(names) == len(others) + 2
    # A field added to the counts must be in the name, too.
    assert set(CaseInputs.__dataclass_fields__) == {
        "start", "cases_to", "areas", "parents", "counts", "abroad", "placeless", "triangles",
        "entered",
    }  # fmt: skip
