"""Putting an area to each place text of a file: every distinct text is matched once."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from ingest.reading.table import SEPARATOR, Table

Finder = Callable[[tuple[str, ...]], tuple[str, str | None]]


def match_places(table: Table, find: Finder, unit: Callable[[str], str]) -> None:
    """Make `gazetteer` (place, area, unit) and flag what was odd about place texts."""
    engine = table.engine
    texts = [text for (text,) in engine.execute("SELECT DISTINCT place FROM stage").fetchall()]
    found = [find(tuple(text.split(SEPARATOR))) for text in texts]
    gazetteer = pa.table(
        {
            "place": pa.array(texts, pa.string()),
            "area": pa.array([code for code, _ in found], pa.string()),
            "unit": pa.array([unit(code) for code, _ in found], pa.string()),
            "flag": pa.array([flag for _, flag in found], pa.string()),
        }
    )
    engine.register("gazetteer_", gazetteer)
    engine.execute("CREATE TABLE gazetteer AS SELECT * FROM gazetteer_")
    engine.unregister("gazetteer_")
    for flag in sorted({flag for _, flag in found if flag}):
        table.flag(
            flag,
            table.columns.place[-1],
            f"place IN (SELECT place FROM gazetteer WHERE flag = '{flag}')",
        )
