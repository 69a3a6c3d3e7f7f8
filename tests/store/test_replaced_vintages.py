"""A vintage put in another's place: answers are as if only the corrected one had come."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kms.domain.intake import Changed
from kms.errors import ContractError, NoDataError
from kms.store.engine import Store
from kms.store.sources import register_source
from kms.store.vintages import (
    append_vintage,
    changes_of,
    replace_vintage,
    vintage_named,
    vintages,
    withdraw_vintage,
)
from tests.conftest import FULL
from tests.store.describing import description
from tests.store.test_vintages_of_some_days import Issue, arrival, issues, known, told

NUMBER = count()
WHOLE: Issue = ({("A", "2026-02-01"): 3, ("A", "2026-02-02"): 5}, None)
RIGHT: Issue = ({("A", "2026-02-01"): 3, ("B", "2026-02-02"): 7}, None)
LATER: Issue = ({("A", "2026-02-02"): 6}, ("2026-02-02", "2026-02-02"))
WHY = "the office told the right area"


def taken(store: Store, source_id: str, found: dict[int, Issue]) -> dict[int, str]:
    """Take issues in; return the names of the vintages by day."""
    register_source(store, description(source_id))
    return {
        day: append_vintage(store, arrival(source_id, day, issue)).vintage
        for day, issue in found.items()
    }


def made(store: Store, names: dict[int, str]) -> dict[int, dict[str, Changed]]:
    """Return what each vintage changes, table by table."""
    with store.read() as connection:
        found = {
            day: changes_of(connection, vintage_named(connection, name)["id"])
            for day, name in names.items()
        }
    return {day: {t: c for t, c in tables.items() if c.rows} for day, tables in found.items()}


@pytest.mark.torture
@settings(max_examples=100 if FULL else 12, deadline=None, suppress_health_check=list(HealthCheck))
@given(found=st.lists(issues(), min_size=1, max_size=5), data=st.data())
def test_answers_are_as_if_only_the_corrected_one_had_come(
    both: Store, found: list[Issue], data: st.DataObject
) -> None:
    source_id, other_id = f"replaced_{next(NUMBER)}", f"straight_{next(NUMBER)}"
    by_day = dict(enumerate(found))
    names = taken(both, source_id, by_day)
    day = data.draw(st.sampled_from(list(by_day)))
    right = data.draw(issues())
    report = replace_vintage(both, names[day], arrival(source_id, day, right), WHY)
    by_day[day] = right
    straight = taken(both, other_id, by_day)
    assert {d: known(both, source_id, d) for d in by_day} == told(by_day)
    now = {**names, day: report.vintage}
    assert made(both, now) == made(both, straight), "each changes what it would have changed"


def test_the_old_one_is_withdrawn_and_names_the_new(both: Store) -> None:
    names = taken(both, "beds", {0: WHOLE, 1: LATER})
    report = replace_vintage(both, names[0], arrival("beds", 0, RIGHT), WHY)
    assert (report.status, report.rows_changed) == ("accepted", 2)
    assert known(both, "beds", 0) == RIGHT[0]
    assert known(both, "beds", 1) == {("A", "2026-02-01"): 3, ("A", "2026-02-02"): 6}
    with both.read() as connection:
        old, new = (vintage_named(connection, name) for name in (names[0], report.vintage))
    assert (old["state"], old["rows_changed"]) == ("withdrawn", 0)
    assert old["note"] == f"corrected by {report.vintage}: {WHY}"
    assert (new["state"], new["published_at"]) == ("accepted", old["published_at"])
    assert new["note"] == f"corrects {names[0]}: {WHY}"


def test_the_publishers_own_file_once_more_changes_nothing(store: Store) -> None:
    names = taken(store, "beds", {0: WHOLE})
    report = replace_vintage(store, names[0], arrival("beds", 0, RIGHT), WHY)
    again = append_vintage(store, arrival("beds", 0, WHOLE))
    assert (again.status, again.vintage) == ("unchanged", report.vintage)
    with pytest.raises(ContractError, match="another content"):
        append_vintage(store, arrival("beds", 0, LATER))
    assert known(store, "beds", 0) == RIGHT[0]


def test_a_correction_of_the_same_content_has_a_name_of_its_own(store: Store) -> None:
    names = taken(store, "beds", {0: WHOLE})
    same = replace(arrival("beds", 0, WHOLE), snapshot_sha256="5" * 64)
    report = replace_vintage(store, names[0], same, WHY)
    assert report.vintage == f"{names[0]}-55555555"
    assert known(store, "beds", 0) == WHOLE[0]


def test_only_a_vintage_in_use_is_replaced_by_one_of_its_instant(store: Store) -> None:
    names = taken(store, "beds", {0: WHOLE, 3: LATER})
    with pytest.raises(NoDataError, match="no vintage 'none'"):
        replace_vintage(store, "none", arrival("beds", 0, RIGHT), WHY)
    with pytest.raises(ContractError, match="own source and instant"):
        replace_vintage(store, names[0], arrival("beds", 1, RIGHT), WHY)
    withdraw_vintage(store, names[0], WHY)
    with pytest.raises(ContractError, match="is withdrawn; only one that is in use"):
        replace_vintage(store, names[0], arrival("beds", 0, RIGHT), WHY)


def test_what_breaks_in_the_middle_leaves_the_old_one_in_use(both: Store) -> None:
    names = taken(both, "beds", {0: WHOLE})
    broken = replace(arrival("beds", 0, RIGHT), snapshot_path=None)  # type: ignore[arg-type]  # refused by the store
    with pytest.raises(Exception, match=r"(?i)null"):
        replace_vintage(both, names[0], broken, WHY)
    assert known(both, "beds", 0) == WHOLE[0]
    with both.read() as connection:
        assert [v["state"] for v in vintages(connection)] == ["accepted"]
