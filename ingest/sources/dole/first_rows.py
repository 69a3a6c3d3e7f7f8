"""Several rows of one thing: its first row speaks for it, and others that differ are marked."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.reading.table import Table


def settle_first_rows(table: Table, columns: Sequence[str], code: str) -> None:
    """Make `firsts` (key_text, row, first) and flag rows that say something else.

    Needs `copies`; `columns` are those that every row of a key repeats. `place` stands for all
    of the columns of the place.
    """
    content = ", ".join(f"{name} := {name}" for name in columns)
    table.engine.execute(
        "CREATE TABLE firsts AS SELECT key_text, min(rowid) AS row, "
        f"arg_min(struct_pack({content}), rowid) AS first FROM stage WHERE NOT rejected "
        "AND rowid NOT IN (SELECT row FROM copies) GROUP BY key_text"
    )
    for name in columns:
        table.flag(
            code,
            table.columns.place[-1] if name == "place" else name,
            "rowid IN (SELECT stage.rowid FROM stage JOIN firsts USING (key_text) "
            f"WHERE stage.{name} IS DISTINCT FROM firsts.first.{name})",
        )
