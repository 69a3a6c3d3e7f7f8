"""The night's transmission over many areas: its cost as they grow, and spread over processes.

A simulated country of 17 regions and 120 provinces x 400 days, and one of 10 times as many areas
(`--times 1 10 40` for the largest, too): R, growth, nowcasts, two-week growth, forecasts and their
judgement, as a publication holds them. Computed here, in two processes and on a Dask cluster of
two workers on this machine; the bytes must be the same. Printed: wall seconds, CPU seconds of all
processes together and for each area, and the largest memory of one process; below, how CPU per
area grew (1 is linear). Starting and compiling are not timed. The exit code is 1 when bytes
differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import psutil
from distributed import LocalCluster
from numpy.typing import NDArray

from kms.compute.cases.forecasting import outlook
from kms.compute.cases.inputs import LONGEST_DELAY_DAYS, TRIANGLE_DAYS, CaseInputs
from kms.compute.cases.transmission import transmission
from kms.compute.workers import Workers, opened_workers
from kms.config import Settings
from kms.domain.areas import COUNTRY, Areas
from kms.domain.series import encode
from kms.reference import load_areas, load_diseases
from metrics.transmission.serial_interval import discretise_gamma

MODES = {"here": "here", "processes": "2 processes", "dask": "Dask, 2 workers"}
REGIONS, PROVINCES, DAYS = 17, 120, 400
Floats = NDArray[np.float64]
Row = dict[str, float | str]


def main() -> int:
    options = argparse.ArgumentParser(description="Transmission of many areas, spread out")
    options.add_argument("--times", type=int, nargs="+", default=[1, 10])
    options.add_argument("--one", nargs=2, metavar=("MODE", "TIMES"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        print(json.dumps(measured(given.one[0], int(given.one[1]))))
        return 0
    print(f"transmission and forecasts, {DAYS} days")
    print(f"{'areas':>7}  {'where':16}{'wall s':>8}{'CPU s':>8}{'CPU ms/area':>13}{'peak MB':>9}")
    same, cost = True, {}
    for times in given.times:
        rows = {mode: in_a_process(mode, times) for mode in MODES}
        same &= len({row["bytes"] for row in rows.values()}) == 1
        areas = 1 + times * (REGIONS + PROVINCES)
        cost[times] = float(rows["here"]["cpu"]) / areas
        for mode, row in rows.items():
            cpu = float(row["cpu"])
            print(f"{areas:7,}  {MODES[mode]:16}{row['wall']:8.1f}{cpu:8.1f}"
                  f"{cpu / areas * 1000:13.1f}{row['peak']:9,.0f}")  # fmt: skip
    first, *others = cost
    for times in others:
        print(f"CPU per area here, {times} times the areas over {first}: "
              f"{cost[times] / cost[first]:.2f}")  # fmt: skip
    print("bytes: " + ("the same everywhere" if same else "NOT THE SAME"))
    return 0 if same else 1


def in_a_process(mode: str, times: int) -> Row:
    """Measure in a process of its own, so that its largest memory is its own, too."""
    command = [sys.executable, __file__, "--one", mode, str(times)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


def measured(mode: str, times: int) -> Row:
    """Compute once, everything warm, and tell what it took."""
    inputs = simulated(times)
    areas = with_people(inputs)
    with started(mode) as workers:
        list(workers.map(warmed, range(2)))
        before, start = cpu_seconds(), time.perf_counter()
        digest = computed(inputs, areas, workers)
        wall = time.perf_counter() - start
        return {
            "wall": wall,
            "cpu": cpu_seconds() - before,
            "peak": max(peak_mb(process) for process in processes()),
            "bytes": digest,
        }


@contextmanager
def started(mode: str) -> Iterator[Workers]:
    """Yield the workers of a mode, a Dask cluster of our own among them."""
    if mode == "dask":
        with (
            LocalCluster(
                n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
            ) as cluster,
            opened_workers(Settings(dask_scheduler=cluster.scheduler_address)) as workers,
        ):
            yield workers
    else:
        with opened_workers(Settings(compute_processes=2 if mode == "processes" else 1)) as workers:
            yield workers


def computed(inputs: CaseInputs, areas: Areas, workers: Workers) -> str:
    """Compute what a publication holds; return the hash of its bytes."""
    found = transmission(inputs, areas, load_diseases()["covid19"], workers)
    ahead = outlook(inputs, found.serial_interval, workers)
    digest = hashlib.sha256()
    for entry in (*found.entries, *(ahead.entries if ahead else ())):
        digest.update(encode(entry.series))
    return digest.hexdigest()


def warmed(_number: int) -> None:
    """Compute a small country, so that kernels are compiled where this runs."""
    small = simulated(1)
    found = transmission(small, with_people(small), load_diseases()["covid19"])
    outlook(small, found.serial_interval)


def processes() -> list[psutil.Process]:
    """Return this process and those it started."""
    own = psutil.Process()
    return [own, *own.children(recursive=True)]


def cpu_seconds() -> float:
    times = [process.cpu_times() for process in processes()]
    return float(sum(each.user + each.system for each in times))


def peak_mb(process: psutil.Process) -> float:
    """Return the largest memory a process has had; 0 where the system does not tell."""
    status = Path(f"/proc/{process.pid}/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return max(
        (int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0
    )


def simulated(times: int) -> CaseInputs:
    """Simulate provinces of different sizes, each with its own wave, and sum them up."""
    rng = np.random.default_rng(20_261_122)
    regions, provinces = REGIONS * times, PROVINCES * times
    of = np.arange(provinces) * regions // provinces
    level = np.exp(rng.normal(1.5, 1.2, provinces))
    wave = np.exp(0.8 * np.sin(np.arange(DAYS)[:, None] / 40 + rng.uniform(0, 1, provinces)))
    delay = discretise_gamma(6.0, 4.0, LONGEST_DELAY_DAYS)
    onset, report = np.zeros((2, DAYS, provinces))
    triangle = np.zeros((TRIANGLE_DAYS, LONGEST_DELAY_DAYS + 1, provinces))
    for day in range(DAYS):
        late = rng.multinomial(rng.poisson(level * wave[day]), delay / delay.sum()).T
        seen = late[: DAYS - day]
        onset[day] = seen.sum(axis=0)
        report[day : day + len(seen)] += seen
        if day >= DAYS - TRIANGLE_DAYS:
            triangle[day - DAYS + TRIANGLE_DAYS, : len(seen)] = seen
    inside = np.flatnonzero(np.diff(of, prepend=-1))

    def up(values: Floats) -> Floats:
        sums = np.add.reduceat(values, inside, axis=-1)
        return np.concatenate([values.sum(axis=-1, keepdims=True), sums, values], axis=-1)

    start, names = date(2026, 1, 1), [f"r{n:09}" for n in range(regions)]
    none = np.zeros(DAYS)
    return CaseInputs(
        start=start,
        cases_to=start + timedelta(days=DAYS - 1),
        areas=(COUNTRY, *names, *(f"p{n:09}" for n in range(provinces))),
        parents=("", *[COUNTRY] * regions, *(names[n] for n in of)),
        counts={
            "report": up(report),
            "onset": up(onset),
            "report_onset_unknown": np.zeros((DAYS, 1 + regions + provinces)),
        },
        abroad={"report": none, "onset": none},
        placeless=none,
        triangles=up(triangle),
    )


def with_people(inputs: CaseInputs) -> Areas:
    """Return the simulated areas as reference rows, each with the people of Cebu."""
    cebu = load_areas().get("0702200000")
    return Areas(replace(cebu, code=code) for code in inputs.areas)


if __name__ == "__main__":
    sys.exit(main())
