"""Persons of the same code in two issues: do they still have the same sex and age."""

from __future__ import annotations

from pathlib import Path

import duckdb

from ingest.tripwires.limits import Limits
from kms.domain.intake import Alarm


def persons_changed(before: Path, now: Path, limits: Limits) -> list[Alarm]:
    """Compare two files of `key_hash`, `sex`, `age`; codes that stand twice are left out.

    One year more is a birthday. Where either is blank nothing is said.
    """
    both = (
        "SELECT b.sex AS sex_b, n.sex AS sex_n, b.age AS age_b, n.age AS age_n FROM "
        "(SELECT key_hash, any_value(sex) AS sex, any_value(age) AS age FROM read_parquet(?) "
        "GROUP BY key_hash HAVING count(*) = 1) b JOIN "
        "(SELECT key_hash, any_value(sex) AS sex, any_value(age) AS age FROM read_parquet(?) "
        "GROUP BY key_hash HAVING count(*) = 1) n USING (key_hash)"
    )
    with duckdb.connect(config={"memory_limit": "500MB"}) as engine:
        sexes, other_sex, ages, other_age = engine.execute(
            "SELECT count(*) FILTER (sex_b <> '' AND sex_n <> ''), "
            "count(*) FILTER (sex_b <> '' AND sex_n <> '' AND sex_b <> sex_n), "
            "count(*) FILTER (age_b IS NOT NULL AND age_n IS NOT NULL), "
            "count(*) FILTER (age_n - age_b NOT IN (0, 1)) "
            f"FROM ({both})",
            [str(before), str(now)],
        ).fetchall()[0]
    alarms = []
    for code, shared, changed, allowed in (
        ("sex_changed", sexes, other_sex, limits.sex_changed),
        ("age_changed", ages, other_age, limits.age_changed),
    ):
        if allowed is None or shared < limits.fewest_shared:
            continue
        if changed / shared > allowed:
            alarms.append(Alarm(code, "", changed / shared, allowed))
    return alarms
