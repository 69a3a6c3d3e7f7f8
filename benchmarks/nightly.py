"""The night: a whole line list into an empty store, nothing new, then one with 1 % more records.

The same commands as the scheduler's: `load` and `refresh` on a store of their own, in one process,
after the imports. The first release lacks every hundredth record of the second. Budgets: the
second load at most half of the first; a refresh without news at most 5 s, one with 1 % changed at
most 60 s (its load included). The exit code is 1 only when a count is not what it must be.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from ingest.load import load
from ingest.nightly.refresh import refresh
from ingest.source import source_named
from kms.config import Settings
from kms.domain.intake import IntakeReport
from kms.store.open import CLOCK, opened, set_store_fact

ROWS, BYTES_PER_ROW, ONE_IN = 4_100_000, 222, 100
SOURCE_ID = "doh_case_information"
FIRST, SECOND = "20230610", "20230611"
MOST_OF_FULL, MOST_UNCHANGED_S, MOST_CHANGED_S = 0.5, 5.0, 60.0
INPUT_WRITER = Path(__file__).parent / "case_release" / "write_input.py"
T = TypeVar("T")


def main() -> int:
    options = argparse.ArgumentParser(description="The nightly refresh")
    options.add_argument("--rows", type=int, default=ROWS)
    rows = options.parse_args().rows
    with TemporaryDirectory(prefix="kms-bench-") as folder:
        needed, free = 6 * rows * BYTES_PER_ROW, shutil.disk_usage(folder).free
        if free < needed:
            print(f"nightly: {free >> 20:,} MB free, {needed >> 20:,} needed; skipped")
            return 0
        return measure(Path(folder), rows)


def measure(folder: Path, rows: int) -> int:
    """Run the nights and print them beside their budgets."""
    first, second = folder / "first", folder / "second"
    second.mkdir()
    subprocess.run([sys.executable, INPUT_WRITER, second, str(rows)], check=True)
    left_out = sum(thin_out(path, first) for path in sorted(second.iterdir()))
    for path in list(second.iterdir()):
        path.rename(path.with_name(path.name.replace(FIRST, SECOND)))
    settings = Settings(home=folder / "home", log_level="ERROR")
    source = source_named(SOURCE_ID)
    with opened(settings) as store:
        set_store_fact(store, CLOCK, datetime(2023, 6, 12, tzinfo=UTC).isoformat())

        def take(parts: Path, day: int) -> IntakeReport:
            at = datetime(2023, 6, 10, 20, tzinfo=UTC) + timedelta(days=day)
            (report,) = load(store, settings, source, [parts], fetched_at=at)
            return report

        full, whole = timed(lambda: take(first, 0))
        published, one = timed(lambda: refresh(store, settings))
        unchanged, none = timed(lambda: refresh(store, settings))
        changed, more = timed(lambda: take(second, 1))
        again, two = timed(lambda: refresh(store, settings))
    right = (
        (whole.status, more.status) == ("accepted", "accepted")
        and more.rows_read - whole.rows_read == left_out
        and (one.status, none.status, two.status) == ("published", "unchanged", "published")
    )
    print(f"nightly, {whole.rows_read:,} rows, then {left_out:,} more; "
          f"{whole.rows_changed:,} counts written, then {more.rows_changed:,}")  # fmt: skip
    print(f"  full load {full:.1f} s, its publication {published:.1f} s; "
          f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")  # fmt: skip
    told("1 % changed, load / full load", changed / full, MOST_OF_FULL)
    told("refresh without news, s", unchanged, MOST_UNCHANGED_S)
    told("1 % changed, load and publication, s", changed + again, MOST_CHANGED_S)
    if not right:
        print("the counts are NOT what they must be:", whole, more, one, none, two, sep="\n  ")
    return 0 if right else 1


def thin_out(path: Path, folder: Path) -> int:
    """Copy a part without every hundredth of its one-line records; return how many were left."""
    folder.mkdir(exist_ok=True)
    left = met = 0
    with path.open("rb") as whole, (folder / path.name).open("wb") as thin:
        for line in whole:
            if line.startswith(b"C") and line.count(b'"') == 0:
                met += 1
                if met % ONE_IN == 0:
                    left += 1
                    continue
            thin.write(line)
    return left


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return wall seconds and the result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def told(what: str, figure: float, most: float) -> None:
    """Print a figure beside its budget."""
    verdict = "met" if figure <= most else "NOT MET"
    print(f"{what:40}{figure:8.2f}    budget <= {most:g}   {verdict}")


if __name__ == "__main__":
    sys.exit(main())
