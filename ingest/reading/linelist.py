"""A line list: one row a person; copies dropped, different persons under one key all kept.

No row of a person leaves DuckDB: facts are counts over the view `accepted`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingest.reading.fields import INVISIBLE
from ingest.reading.table import Table


@dataclass
class LineList(Table):
    """A table whose rows are persons."""

    def settle_persons(self) -> None:
        """Make `accepted`: rows not rejected, less the copies of a row identical throughout.

        Needs the table `gazetteer` (place, area, unit). Different rows under one key are all
        kept and flagged, since nobody knows which is right.
        """
        self._blank_bad_keys()
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
        self._flag_shared()

    def keep_persons(self, target: Path | None, *, sex: str, age: str) -> None:
        """Leave the hashed code, sex and age of each person where the next issue is compared."""
        if target is None:
            return
        self.engine.execute(
            f"COPY (SELECT hash(key_text) AS key_hash, upper(left({sex}, 1)) AS sex, "
            f"try_cast(round(try_cast({age} AS DOUBLE)) AS INTEGER) AS age FROM accepted "
            "WHERE key_text <> '') "
            f"TO '{str(target).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION zstd)"
        )

    def _blank_bad_keys(self) -> None:
        """Blank keys with invisible characters: they look like others, and name nobody."""
        invisible = f"regexp_matches(key_text, '{INVISIBLE}')"
        if self._number(f"SELECT count(*) FROM stage WHERE {invisible}"):
            self.flag("bad_text", self.columns.key, invisible)
            self.engine.execute(f"UPDATE stage SET key_text = '' WHERE {invisible}")

    def _flag_shared(self) -> None:
        self.flag(
            "key_shared",
            self.columns.key,
            "rowid IN (SELECT row FROM shared WHERE row NOT IN (SELECT row FROM copies) AND "
            "key_text IN (SELECT key_text FROM shared GROUP BY ALL "
            "HAVING count(DISTINCT row_hash) > 1))",
        )
