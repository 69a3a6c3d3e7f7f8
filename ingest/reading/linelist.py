"""A line list: one row a person; copies dropped, different persons under one key all kept.

No row of a person leaves DuckDB: facts are counts over the view `accepted`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.reading.table import Table


@dataclass
class LineList(Table):
    """A table whose rows are persons."""

    def settle(self) -> None:
        """Make `accepted`: rows not rejected, less the copies of a row identical throughout.

        Needs the table `gazetteer` (place, area, unit). Different rows under one key are all
        kept and flagged, since nobody knows which is right.
        """
        self.engine.execute(
            "CREATE TABLE shared AS SELECT rowid AS row, row_hash, key_text FROM stage "
            "WHERE NOT rejected AND key_text IN (SELECT key_text FROM stage "
            "WHERE NOT rejected AND key_text <> '' GROUP BY ALL HAVING count(*) > 1)"
        )
        self.engine.execute(
            "CREATE TABLE copies AS SELECT row FROM (SELECT row, row_number() OVER "
            "(PARTITION BY key_text, row_hash ORDER BY row) AS n FROM shared) WHERE n > 1"
        )
        self.engine.execute(
            "CREATE VIEW accepted AS SELECT stage.*, area, unit FROM stage JOIN gazetteer "
            "USING (place) WHERE NOT rejected AND stage.rowid NOT IN (SELECT row FROM copies)"
        )
        self.flag(
            "key_shared",
            self.columns.key,
            "rowid IN (SELECT row FROM shared WHERE row NOT IN (SELECT row FROM copies) AND "
            "key_text IN (SELECT key_text FROM shared GROUP BY ALL "
            "HAVING count(DISTINCT row_hash) > 1))",
        )
