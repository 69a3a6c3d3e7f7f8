"""Attacks on shares of safety items: margins less the shown cells, and two editions."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from scipy.optimize import linprog

from ingest.load import load
from ingest.source import source_named
from kms.api.server import create_api
from kms.compute.publish import publish
from kms.compute.workplaces import COARSE, FINE, about
from kms.config import Settings
from kms.store.engine import Store
from kms.store.open import CLOCK, set_store_fact
from tests.published import (
    DAVAO,
    ITEMS,
    NATION,
    NOW,
    make_published_store,
    publish_now,
    write_inspections,
)

LEFT = {"10101": 6, "41001": 5, "56101": 0, "86111": 1}  # establishments of Davao by industry
SECTIONS = {"10101": "C", "41001": "F", "56101": "I", "86111": "Q"}
ALONE = ("YES", "NO", "NO", "YES", "NO", "NO")  # what the one of health met
REGIONS = {"NCR": "1300000000", "Region XI: Davao Region": DAVAO}
CEBU = "0700000000"
LATER = datetime(2021, 3, 28, 8, tzinfo=UTC)
RESULTS = ("compliance_initial", "compliance_after")
Rows = list[dict[str, str]]
Cell = tuple[str, str]  # area, section


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Rows]]:
    store, rows, _path = _store(Settings(home=tmp_path_factory.mktemp("home")))
    yield store, rows
    store.close()


def _store(settings: Settings) -> tuple[Store, Rows, Path]:
    store = make_published_store(settings, with_inspections=False)
    path = write_inspections(settings.home / "incoming")
    rows = _left(_read(path))
    _load(store, settings, path, rows, at=NOW)
    publish_now(store)
    return store, rows, path


def _left(rows: Rows) -> Rows:
    """Leave few establishments in Davao, among them a single one of health."""
    kept = []
    for row in rows:
        if REGIONS.get(row["region"]) == DAVAO:
            if int(row["establishment_id"].rpartition("-")[2]) >= LEFT[row["psic"]]:
                continue
            if row["psic"] == "86111":
                answer = ALONE[ITEMS.index(row["item_code"])]
                kept.append(row | {"compliant_initial": answer, "compliant_after": answer})
                continue
        kept.append(row)
    return kept


def _read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _load(store: Store, settings: Settings, path: Path, rows: Rows, *, at: datetime) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    load(store, settings, source_named("dole_inspections"), [path], fetched_at=at)


def _told(client: FlaskClient, indicator: str, cell: Cell, day: str = "") -> float | None:
    query = {"indicator": indicator, "area": cell[0], "sector": cell[1]}
    told: Any = client.get("/api/v1/series", query_string=query | ({"as_of": day} if day else {}))
    share: float | None = told.json["data"][-1]["value"]
    return share


def _asked(rows: Rows) -> dict[Cell, int]:
    """Count items by cell, the margins too: the attacker knows who was inspected."""
    asked: dict[Cell, int] = {}
    for row in rows:
        for area in (REGIONS.get(row["region"], CEBU), NATION):
            for section in (SECTIONS[row["psic"]], "ALL"):
                asked[area, section] = asked.get((area, section), 0) + 1
    return asked


def _bounds(asked: dict[Cell, int], told: dict[Cell, float | None]) -> list[tuple[float, float]]:
    """Return how many items each cell may have met, by what is printed of it."""
    found = []
    for cell, items in asked.items():
        share = told[cell]
        if share is None:
            found.append((0.0, float(items)))
            continue
        half = (FINE if about(items // len(ITEMS)) >= 30 else COARSE) / 2 + 1e-9
        least, most = np.ceil((share - half) * items), np.floor((share + half) * items)
        found.append((max(0.0, float(least)), min(float(items), float(most))))
    return found


def fitting(
    asked: dict[Cell, int], told: dict[Cell, float | None]
) -> dict[Cell, tuple[float, float]]:
    """Return the least and most that every hidden cell met, all margins held.

    A table with its margins is a flow: between whole bounds the extremes are whole numbers.
    """
    order = {cell: place for place, cell in enumerate(asked)}
    equations = []
    for area, section in asked:
        over_sections = [c for c in asked if section == "ALL" and c[0] == area and c[1] != "ALL"]
        over_areas = [c for c in asked if area == NATION and c[1] == section and c[0] != NATION]
        for members in filter(None, (over_sections, over_areas)):
            row = np.zeros(len(order))
            row[[order[cell] for cell in members]] = 1
            row[order[area, section]] = -1
            equations.append(row)
    bounds, found = _bounds(asked, told), {}
    for cell in (cell for cell in asked if told[cell] is None):
        ends = []
        for sign in (1, -1):
            wanted = np.zeros(len(order))
            wanted[order[cell]] = sign
            best = linprog(wanted, A_eq=equations, b_eq=np.zeros(len(equations)), bounds=bounds)
            assert best.success, best.message
            ends.append(sign * float(best.fun or 0.0))
        found[cell] = (round(ends[0], 6), round(ends[1], 6))
    return found


@pytest.mark.parametrize("indicator", RESULTS)
def test_no_hidden_share_follows_from_margins(attacked: tuple[Store, Rows], indicator: str) -> None:
    store, rows = attacked
    client, asked = create_api(store).test_client(), _asked(rows)
    told = {cell: _told(client, indicator, cell) for cell in asked}
    assert told[DAVAO, "Q"] is None
    assert told[DAVAO, "ALL"] is not None
    fits = fitting(asked, told)
    assert len(fits) >= 4
    for cell, (least, most) in fits.items():
        assert most - least >= 2, cell


def test_the_attack_succeeds_where_only_the_small_cell_is_hidden(
    attacked: tuple[Store, Rows],
) -> None:
    rows = attacked[1]
    asked, met = _asked(rows), _asked([r for r in rows if r["compliant_initial"] == "YES"])
    printed = {cell: round(met.get(cell, 0) / n, 2) for cell, n in asked.items()}  # as before
    back = {cell: round(share * asked[cell]) for cell, share in printed.items()}
    rest = back[DAVAO, "C"] + back[DAVAO, "F"]
    assert back[DAVAO, "ALL"] - rest == ALONE.count("YES")


@pytest.mark.parametrize("met", [2, 3, 4])
def test_two_editions_do_not_tell_what_one_establishment_met(tmp_path: Path, met: int) -> None:
    """Of six items; one that met none or all can still be told where a share crosses steps."""
    settings = Settings(home=tmp_path)
    store, rows, path = _store(settings)
    pattern = [r for r in rows if r["establishment_id"] == "EST-DAV-41001-0"]
    fresh = {
        "inspection_id": "INS-NEW",
        "establishment_id": "EST-NEW",
        "date_opened": "2021-03-15",
        "date_closed": "2021-03-20",
    }
    answers = ["YES"] * met + ["NO"] * (len(ITEMS) - met)
    more = [
        row | fresh | {"compliant_initial": answer, "compliant_after": answer}
        for row, answer in zip(pattern, answers, strict=True)
    ]
    set_store_fact(store, CLOCK, LATER.isoformat())
    _load(store, settings, path.with_name("dole_inspections_20210327.csv"), rows + more, at=LATER)
    publish(store, as_of=LATER, published_at=LATER, current=True)
    client = create_api(store).test_client()
    shown = 0
    for indicator in RESULTS:
        for cell in ((DAVAO, "F"), (DAVAO, "ALL"), (NATION, "F"), (NATION, "ALL")):
            days = (_told(client, indicator, cell, day) for day in ("2021-03-22", "2021-03-28"))
            before, after = days
            if before is not None and after is not None:
                shown += 1
                count = _asked(rows)[cell] // len(ITEMS)
                assert len(_newcomers(before, after, about(count), about(count + 1))) > 1, cell
    store.close()
    assert shown >= 4


def _newcomers(before: float, after: float, told: int, told_later: int) -> set[int]:
    """Return what one more establishment may have met, by two editions' share and count."""
    items, fits = len(ITEMS), set()
    counts = [n for n in range(1, told + 5) if (about(n), about(n + 1)) == (told, told_later)]
    for count in counts:
        possible = [m for m in range(items * count + 1) if _is(m, items * count, before)]
        fits |= {
            more
            for m in possible
            for more in range(items + 1)
            if _is(m + more, items * (count + 1), after)
        }
    return fits


def _is(met: int, asked: int, share: float) -> bool:
    step = FINE if about(asked // len(ITEMS)) >= 30 else COARSE
    return abs(round(met / asked / step) * step - share) < 1e-6
