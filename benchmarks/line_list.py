"""The DOH line list, 4.1 M rows in 13 files: our reader against an honest pandas program.

Both read all 22 columns as text, judge the dates, match each distinct place text once, drop exact
copies and count by area and day; rows, faults by code and every count must come out equal. Each
side runs in a process of its own and leaves its result in memory: wall seconds without imports,
and the process's own peak. Budget: 2.5 times faster than pandas' C reader, at most 700 MB.
The exit code is 1 only when the results differ.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.batch import Batch, check_file
from ingest.snapshot import take_snapshot
from ingest.source import source_named
from kms.domain.intake import Arrival, Parsed

ROWS, BYTES_PER_ROW = 4_100_000, 222
PUBLISHED = datetime(2023, 6, 10, 8, tzinfo=UTC)
SOURCE_ID = "doh_case_information"
BUDGET_FASTER, BUDGET_MB = 2.5, 700
SIDES = ("ours", "pandas")
FACTS = {
    "case_count": ["basis", "area", "ref_date", "cases"],
    "reporting_triangle": ["area", "onset_date", "report_date", "cases"],
}
INPUT_WRITER = Path(__file__).parent / "case_release" / "write_input.py"


def main() -> int:
    options = argparse.ArgumentParser(description="Line list against pandas")
    options.add_argument("--rows", type=int, default=ROWS)
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--step", choices=[*SIDES, "beside"], help=argparse.SUPPRESS)
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.step:
        {"ours": ours, "pandas": theirs, "beside": beside}[chosen.step](chosen.folder)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the gigabytes go, too
    with TemporaryDirectory(prefix="kms-bench-") as folder:
        needed, free = 4 * chosen.rows * BYTES_PER_ROW, shutil.disk_usage(folder).free
        if free < needed:
            print(
                f"line list: {folder} has {free >> 20:,} MB free, {needed >> 20:,} needed; skipped"
            )
            return 0
        return compare(Path(folder), chosen.rows, chosen.runs)


# --- One step, in a process of its own ---------------------------------------------------------


def ours(folder: Path) -> None:
    batch = Batch(SOURCE_ID, parts_of(folder), PUBLISHED, folder / "scratch")
    measured(folder, "ours", lambda: source_named(SOURCE_ID).parse(batch))


def theirs(folder: Path) -> None:
    from case_release.with_pandas import parse  # type: ignore[import-not-found]  # beside this script

    release = Batch(SOURCE_ID, (), PUBLISHED, folder).release_date
    measured(folder, "pandas", lambda: parse(parts_of(folder), release))


def beside(folder: Path) -> None:
    """Time what else a load does: checking the bytes, the snapshot, the store."""
    from kms.config import Settings
    from kms.store.engine import open_store
    from kms.store.migrate import migrate
    from kms.store.sources import register_source
    from kms.store.vintages import append_vintage

    store = open_store(Settings(home=folder / "home"))
    migrate(store)
    register_source(store, source_named(SOURCE_ID))
    parts, told = parts_of(folder), json.loads((folder / "ours.json").read_text())
    facts = {name: pq.read_table(folder / f"ours-{name}.parquet") for name in FACTS}
    parsed = Parsed(told["read"], told["duplicate"], {}, told["rejected"], facts)
    spent = {"check the bytes (UTF-8, NUL)": seconds(lambda: check_all(parts))}
    spent["write the snapshot (zstd, SHA-256)"] = seconds(
        lambda: take_snapshot(folder / "snapshots", SOURCE_ID, parts, published_at=PUBLISHED,
                              recorded_at=PUBLISHED, parser_version=1)
    )  # fmt: skip
    arrival = Arrival(SOURCE_ID, PUBLISHED, PUBLISHED, "0" * 64, "-", 1, parsed)
    spent["write the counts to an empty SQLite"] = seconds(lambda: append_vintage(store, arrival))
    sizes = {"rows": sum(map(len, facts.values())), "snapshot": size(folder / "snapshots"),
             "store": size(folder / "home"), "peak": peak_mb()}  # fmt: skip
    store.close()
    (folder / "beside.json").write_text(json.dumps({"seconds": spent, **sizes}))


def measured(folder: Path, side: str, parse: Callable[[], Parsed]) -> None:
    """Run one side; keep its times and, afterwards, its result."""
    start, cpu = time.perf_counter(), time.process_time()
    parsed = parse()
    figures = {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    figures |= {"peak": peak_mb(), "read": parsed.rows_read, "accepted": parsed.rows_accepted}
    figures |= {"rejected": parsed.rows_rejected, "duplicate": parsed.rows_duplicate}
    faults = sorted([*key, rows] for key, rows in parsed.fault_counts.items())
    for name, facts in parsed.facts.items():
        table = facts if isinstance(facts, pa.Table) else pa.Table.from_pandas(facts)
        pq.write_table(table, folder / f"{side}-{name}.parquet")
    (folder / f"{side}.json").write_text(json.dumps(figures | {"faults": faults}))


def check_all(parts: tuple[Path, ...]) -> None:
    for part in parts:
        check_file(SOURCE_ID, part)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def parts_of(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted((folder / "input").glob("*.csv")))


# --- The comparison ----------------------------------------------------------------------------


def compare(folder: Path, rows: int, runs: int) -> int:
    (folder / "input").mkdir()
    subprocess.run([sys.executable, INPUT_WRITER, folder / "input", str(rows)], check=True)
    print(f"line list, {rows:,} rows in {len(parts_of(folder))} files, "
          f"{size(folder / 'input') / 1e6:,.0f} MB; medians of {runs}")  # fmt: skip
    told: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for run in range(runs):
        for side in SIDES if run % 2 == 0 else SIDES[::-1]:
            step(folder, side)
            told[side].append(json.loads((folder / f"{side}.json").read_text()))
        if unequal := differences(folder, *(told[side][-1] for side in SIDES)):
            print("the results DIFFER:", *unequal, sep="\n  ")
            return 1
    step(folder, "beside")
    report(told, json.loads((folder / "beside.json").read_text()))
    return 0


def step(folder: Path, name: str) -> None:
    """Run one step from a small process: a child's peak begins at that of its parent."""
    command = [sys.executable, __file__, "--step", name, "--folder", str(folder)]
    subprocess.run(command, check=True)


def differences(folder: Path, ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Tell in what the two results differ."""
    told = ("read", "accepted", "rejected", "duplicate", "faults")
    found = [f"{k}: {ours[k]} and {theirs[k]}" for k in told if ours[k] != theirs[k]]
    for name, columns in FACTS.items():
        mine, other = (normal(folder / f"{side}-{name}.parquet", columns) for side in SIDES)
        if not mine.equals(other):
            found.append(f"{name}: {len(mine):,} and {len(other):,} rows, not all alike")
    return found


def normal(path: Path, columns: list[str]) -> pa.Table:
    """Return a result in one order, days as dates and words as plain text."""
    table = pq.read_table(path, columns=columns)
    for number, name in enumerate(columns):
        values = table[name]
        if name.endswith("_date"):
            whole = pa.types.is_integer(values.type)
            values = (values.cast(pa.int32()) if whole else values).cast(pa.date32())
        else:
            values = values.cast(pa.int64() if name == "cases" else pa.string())
        table = table.set_column(number, name, values)
    return table.take(pc.sort_indices(table, [(name, "ascending") for name in columns]))


def report(told: dict[str, list[dict[str, Any]]], beside: dict[str, Any]) -> None:
    middle = {
        side: {key: median(run[key] for run in told[side]) for key in ("wall", "cpu", "peak")}
        for side in SIDES
    }
    one = told["ours"][0]
    print(f"  equal: {one['accepted']:,} accepted, {one['rejected']:,} rejected, "
          f"{one['duplicate']:,} copies, {len(one['faults'])} kinds of fault, "
          f"{beside['rows']:,} counts")  # fmt: skip
    for side, label in zip(SIDES, ("ours (DuckDB)", "pandas, C reader"), strict=True):
        wall, cpu, peak = middle[side].values()
        print(f"  {label:36}{wall:8.1f} s wall {cpu:8.1f} s CPU {peak:8,.0f} MB peak")
    for label, spent in beside["seconds"].items():
        print(f"  beside it: {label:36}{spent:8.1f} s")
    print(f"  snapshot {beside['snapshot'] / 1e6:,.0f} MB, store {beside['store'] / 1e6:,.0f} MB, "
          f"{beside['peak']:,.0f} MB peak of these")  # fmt: skip
    faster = middle["pandas"]["wall"] / middle["ours"]["wall"]
    peak = middle["ours"]["peak"]
    cheaper = middle["pandas"]["cpu"] / middle["ours"]["cpu"]
    print(f"ratio to pandas' C reader, wall{faster:12.1f} x    budget >= {BUDGET_FASTER}"
          f"   {met(good=faster >= BUDGET_FASTER)}")  # fmt: skip
    print(f"the same in CPU seconds of all threads {cheaper:5.1f} x")
    print(f"our peak memory               {peak:12,.0f} MB   budget <= {BUDGET_MB}"
          f"   {met(good=peak <= BUDGET_MB)}")  # fmt: skip


def met(*, good: bool) -> str:
    return "met" if good else "NOT MET"


if __name__ == "__main__":
    sys.exit(main())
