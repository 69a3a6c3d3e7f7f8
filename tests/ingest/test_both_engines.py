"""The whole way on SQLite and on PostgreSQL: the same files give the same figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.nightly.refresh import refresh
from kms.config import Settings
from kms.reads.area import read_area
from kms.reads.board import read_board
from kms.reads.data import read_data
from kms.reads.request import Request
from kms.reads.sectors import read_sectors
from kms.store.engine import Store
from tests.ingest.test_refresh import later_release
from tests.published import DAVAO, make_published_store


def figures(store: Store) -> tuple[object, ...]:
    """Return what the pages show, without the instants at which it was made."""
    request = Request()
    board, area = read_board(store, request), read_area(store, Request(area=DAVAO))
    sectors, data = read_sectors(store, request), read_data(store, request)
    return (
        board.frame.publication_id,
        board.rows,
        area.r,
        area.cases,
        area.children,
        sectors.rows,
        sectors.cells,
        [replace(row, checked_at=None) for row in data.sources],
        data.faults,
        [(v.vintage_id, v.rows_changed, v.snapshot) for v in data.vintages.rows],
    )


@pytest.mark.postgres
def test_both_engines_show_the_same(settings: Settings, postgres_url: str, tmp_path: Path) -> None:
    shown = []
    for name, url in (("lite", ""), ("pg", postgres_url)):
        inbox = tmp_path / f"inbox-{name}"
        chosen = settings.model_copy(
            update={"home": tmp_path / name, "database_url": url, "inbox": inbox}
        )
        store = make_published_store(chosen, synthetic=False)
        later_release(inbox)
        refresh(store, chosen)
        shown.append(figures(store))
        store.close()
    assert shown[0] == shown[1]
