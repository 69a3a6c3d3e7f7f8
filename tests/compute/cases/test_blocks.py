"""Figures of an area do not depend on the areas computed beside it, nor on where that happens."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

import pytest
from distributed import LocalCluster

from kms.compute import workers as of_workers
from kms.compute.cases import blocks
from kms.compute.cases.forecasting import outlook
from kms.compute.cases.inputs import CaseInputs
from kms.compute.cases.transmission import transmission
from kms.compute.workers import HERE, Program, Workers, opened_workers, program
from kms.config import Settings
from kms.domain.series import encode
from kms.errors import ConfigError, FetchError
from kms.reference import load_areas, load_diseases
from tests.compute.cases.simulated import simulated

COVID = load_diseases()["covid19"]
NOBODY_LISTENS = "tcp://127.0.0.1:1"
Item = TypeVar("Item")
Result = TypeVar("Result")
Bytes = dict[tuple[str, str], tuple[bytes, int | None]]


def given() -> CaseInputs:
    """Return a country some of whose cases were infected abroad."""
    inputs = simulated(5, level=40.0, growth=0.03).inputs
    abroad = {basis: inputs.counts[basis][:, 0] // 50 for basis in ("report", "onset")}
    return replace(inputs, abroad=abroad)


GIVEN = given()


def computed(workers: Workers = HERE) -> Bytes:
    """Return the bytes of every series of transmission and forecasts, and of the draws."""
    found = transmission(GIVEN, load_areas(), COVID, workers)
    ahead = outlook(GIVEN, found.serial_interval, workers)
    assert ahead is not None
    entries = (*found.entries, *ahead.entries)
    told = {(e.indicator, e.area): (encode(e.series), e.cases) for e in entries}
    assert len(told) == len(entries)
    draws, scores = ahead.draws.tobytes(), repr(ahead.scores).encode()
    return told | {("draws", ""): (draws, None), ("scores", ""): (scores, None)}


@pytest.fixture(scope="module")
def whole() -> Bytes:
    return computed()


@pytest.mark.parametrize("size", [1, 2])
def test_a_block_of_any_size_gives_the_same_bytes(
    whole: Bytes, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_AREAS", size)
    counted = Counted()
    assert computed(counted) == whole
    # R by level: 1 country, 2 regions, 3 provinces; growth and forecasts: 6 areas.
    assert counted.items == {1: 6 + 6 + 6, 2: 1 + 1 + 2 + 3 + 3}[size]


class Counted:
    """Computes here and counts the items."""

    def __init__(self) -> None:
        self.items = 0

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        for item in items:
            self.items += 1
            yield function(item)


def test_two_processes_give_the_same_bytes(whole: Bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_AREAS", 2)
    with opened_workers(Settings(compute_processes=2)) as workers:
        assert computed(workers) == whole


@contextmanager
def two_dask_workers() -> Iterator[str]:
    """Yield the address of a scheduler with two worker processes on this machine."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=50,
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.filterwarnings("default")  # Dask warns of a slow machine, which is no error here
def test_a_dask_cluster_gives_the_same_bytes_and_refuses_another_program(
    whole: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_AREAS", 2)
    with (
        two_dask_workers() as address,
        opened_workers(Settings(dask_scheduler=address)) as workers,
    ):
        assert computed(workers) == whole
        monkeypatch.setattr(of_workers, "program", lambda: Program("another", ("numpy 1.0",)))
        with pytest.raises(ConfigError, match=r"a Dask worker runs .* and this command another"):
            list(workers.map(abs, [1]))


def test_results_come_in_order_and_few_items_wait() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    with opened_workers(Settings(compute_processes=2)) as workers:
        results = workers.map(operator.neg, items())
        assert next(results) == 0
        assert len(made) <= 2 * of_workers.AHEAD
        assert list(results) == [-number for number in range(1, 20)]


def test_a_process_that_dies_under_the_work_is_told() -> None:
    with (
        opened_workers(Settings(compute_processes=2)) as workers,
        pytest.raises(FetchError, match=r"ended under its work.*KMS_COMPUTE_PROCESSES"),
    ):
        list(workers.map(os._exit, [1]))


def test_nothing_is_started_before_there_is_work() -> None:
    with opened_workers(Settings(dask_scheduler=NOBODY_LISTENS)) as workers:
        assert workers is not HERE
    with opened_workers(Settings()) as workers:
        assert workers is HERE


def test_an_address_that_is_none_is_named() -> None:
    with (
        opened_workers(Settings(dask_scheduler="nonsense://x")) as workers,
        pytest.raises(ConfigError, match="KMS_DASK_SCHEDULER is 'nonsense://x'"),
    ):
        list(workers.map(abs, [1]))


def test_a_program_is_known_by_its_code_and_its_packages() -> None:
    assert any(package.startswith("numba ") for package in program().packages)
    assert program() == program()
