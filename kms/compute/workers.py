"""Where blocks of areas are computed: here, in processes of this machine, on a Dask cluster.

One way to say it for all three, `workers.map(function, items)`, so that nothing else knows. The
function is one of a module, an item holds arrays, results come in the order of the items. Nothing
is started before the first item: a night without news needs no cluster.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from multiprocessing import get_context
from platform import python_version
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from kms.config import ROOT, Settings
from kms.errors import ConfigError, FetchError

if TYPE_CHECKING:
    from distributed import Client

Item = TypeVar("Item")
Result = TypeVar("Result")
SECONDS_TO_CONNECT = 20
AHEAD = 2  # items handed out for each that is computed: no worker waits, few lie in memory


class Workers(Protocol):
    """Computes a function of each item."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Return results in the order of the items."""
        ...


class Here:
    """Computes one after another in this process."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Return results in the order of the items."""
        return map(function, items)


HERE = Here()


class LocalProcesses:
    """Computes in processes of this machine, started anew and not forked: we have threads."""

    def __init__(self, processes: int, stack: ExitStack) -> None:
        self._processes, self._stack = processes, stack
        self._executor: Executor | None = None

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Return results in the order of the items.

        Raises `FetchError` when a process ends under the work.
        """
        executor = self._executor = self._executor or self._start()
        try:
            yield from _in_order(
                lambda item: executor.submit(function, item), items, AHEAD * self._processes
            )
        except BrokenProcessPool as error:
            raise FetchError(
                f"one of {self._processes} computing processes ended under its work, most likely "
                "for want of memory; set KMS_COMPUTE_PROCESSES to fewer"
            ) from error

    def _start(self) -> Executor:
        executor = ProcessPoolExecutor(self._processes, mp_context=get_context("spawn"))
        self._stack.callback(executor.shutdown, cancel_futures=True)
        return executor


class DaskCluster:
    """Computes on the workers of a Dask scheduler."""

    def __init__(self, address: str, stack: ExitStack) -> None:
        self._address, self._stack = address, stack
        self._client: Client | None = None

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Return results in the order of the items.

        Raises `FetchError` when the scheduler cannot be reached, has no workers or is lost, and
        `ConfigError` when a worker runs another version of the program.
        """
        from distributed import KilledWorker

        client = self._client = self._client or self._connect()
        ours = program()
        try:
            ahead = AHEAD * max(1, sum(client.nthreads().values()))

            def submit(item: Item) -> Any:
                # Not pure: arrays of the same content are rare, and hashing them takes its time.
                return client.submit(_if_same, ours, function, item, pure=False)

            yield from _in_order(submit, items, ahead)
        except (OSError, TimeoutError, CancelledError, KilledWorker) as error:
            raise FetchError(
                f"the Dask scheduler at KMS_DASK_SCHEDULER '{self._address}' or its workers were "
                f"lost under the work ({type(error).__name__}); look at their logs and try again"
            ) from error

    def _connect(self) -> Client:
        from distributed import Client

        try:
            client = Client(self._address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise FetchError(
                f"the Dask scheduler at KMS_DASK_SCHEDULER '{self._address}' cannot be reached; "
                "start it, or unset the variable to compute on this machine"
            ) from error
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"KMS_DASK_SCHEDULER is '{self._address}': {error}; write an address such as "
                "tcp://10.0.0.5:8786"
            ) from error
        self._stack.callback(client.close)
        try:
            client.wait_for_workers(1, timeout=SECONDS_TO_CONNECT)
        except TimeoutError as error:
            raise FetchError(
                f"the Dask scheduler at KMS_DASK_SCHEDULER '{self._address}' has no worker; "
                "start one, or unset the variable to compute on this machine"
            ) from error
        return client


@dataclass(frozen=True)
class Program:
    """What must be the same on a worker for the same bytes to come out."""

    code: str
    packages: tuple[str, ...]


@cache
def program() -> Program:
    """Return the hash of the code that computes, and the versions it rests on."""
    digest = hashlib.sha256()
    for folder in ("metrics", "kms/compute", "kms/domain"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    packages = (f"{name} {version(name)}" for name in ("numpy", "scipy", "numba"))
    return Program(digest.hexdigest()[:12], (f"Python {python_version()}", *packages))


@contextmanager
def opened_workers(settings: Settings) -> Iterator[Workers]:
    """Yield what the settings say; whatever was started is ended."""
    with ExitStack() as stack:
        if settings.dask_scheduler:
            yield DaskCluster(settings.dask_scheduler, stack)
        elif settings.compute_processes > 1:
            yield LocalProcesses(settings.compute_processes, stack)
        else:
            yield HERE


def _in_order(submit: Callable[[Item], Any], items: Iterable[Item], ahead: int) -> Iterator[Any]:
    """Yield results in order, never having more than `ahead` items out; drop the rest if one fails.

    Items may be made as they are asked for.
    """
    out: deque[Any] = deque()
    try:
        for item in items:
            out.append(submit(item))
            if len(out) >= ahead:
                yield out.popleft().result()
        while out:
            yield out.popleft().result()
    finally:
        for future in out:
            future.cancel()


def _if_same(ours: Program, function: Callable[[Item], Result], item: Item) -> Result:
    """Compute on a Dask worker, if it runs the same program: another gives other figures."""
    theirs = program()
    if theirs != ours:
        raise ConfigError(
            f"a Dask worker runs {theirs.code} on {', '.join(theirs.packages)}, and this command "
            f"{ours.code} on {', '.join(ours.packages)}; install the same version on both"
        )
    return function(item)
