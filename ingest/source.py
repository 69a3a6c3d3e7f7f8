"""What a source is: a frozen descriptor holding plain functions, found by `discover()`."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path

import duckdb

import ingest.sources
from ingest.batch import Batch
from ingest.opening.parts import PLAIN, Format
from ingest.tripwires.limits import USUAL, Limits
from kms.config import MANILA, Settings
from kms.domain.intake import Parsed
from kms.errors import ConfigError, ContractError, FetchError

log = logging.getLogger(__name__)
PUBLISHED_HOUR = time(16, 0)  # Manila; when the Data Drop comes out
NO_ROOM = (  # what the engine raises when a disk or its memory is full
    duckdb.OutOfMemoryException,
    duckdb.IOException,
    duckdb.TransactionException,
    duckdb.FatalException,
)
_DATE_IN_NAME = re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})(?!\d)")


@dataclass(frozen=True)
class Source:
    """One publisher's regular file: where it comes from, when it is due, how it is read."""

    source_id: str
    title: str
    publisher: str
    licence: str
    rhythm: str
    every_days: int  # between issues
    grace_days: int  # after which a missing issue is late
    used_for: str
    name_ends_with: tuple[str, ...]  # files in an inbox, matched without regard to case
    parse: Callable[[Batch], Parsed]
    rows_are_persons: bool  # how many there are is disclosed then, as any count of persons
    feeds_figures: bool = False  # a new issue makes a new publication
    form: Format = PLAIN
    limits: Limits = USUAL  # beyond which an issue is held
    # For a file that holds several issues: gives each with its instant, as a file of its own.
    split: Callable[[Path, Path], Iterator[tuple[datetime, Path]]] | None = None
    parser_version: int = 1
    max_reject_share: float = 0.01
    max_rejects: int = 500

    def takes(self, name: str) -> bool:
        """Tell whether a file found in a folder is this source's, by the end of its name."""
        return any(re.search(pattern, name, flags=re.IGNORECASE) for pattern in self.name_ends_with)

    def read(self, batch: Batch) -> Parsed:
        """Parse the parts of a vintage; raise `ContractError` also for what the engine refuses."""
        try:
            return self.parse(batch)
        except NO_ROOM as error:
            log.debug("no room for a file", exc_info=True)
            raise FetchError(
                f"{self.source_id}: {batch.parts[0].name} needs more memory or space on the disk "
                f"than there is ({batch.memory} of memory, spilling to {batch.scratch}); free "
                "space, or send the issue in smaller files. Nothing was taken in"
            ) from error
        except duckdb.Error as error:
            # The engine's own text may quote cells.
            log.debug("unreadable file", exc_info=True)
            raise ContractError(
                f"{self.source_id}: {batch.parts[0].name} cannot be read as a CSV file of this "
                f"source ({type(error).__name__}); save it again as plain UTF-8 CSV. Nothing was "
                "taken in",
                "damaged",
            ) from error


def published_at(path: Path) -> datetime | None:
    """Read the publication instant from a file's name: its date at 16:00 in Manila."""
    found = _DATE_IN_NAME.findall(path.name)
    if not found:
        return None
    try:
        day = date(*(int(part) for part in found[-1]))
    except ValueError:
        raise ContractError(
            f"{path.name}: {''.join(found[-1])} in the name is no day of the calendar; mend the "
            "name, or give --published-at",
            "bad_name",
        ) from None
    return datetime.combine(day, PUBLISHED_HOUR, MANILA).astimezone(UTC)


@cache
def discover() -> Mapping[str, Source]:
    """Find every source; fail loudly on none, or on two with one name."""
    found: dict[str, Source] = {}
    prefix = ingest.sources.__name__ + "."
    for module in pkgutil.walk_packages(ingest.sources.__path__, prefix):
        loaded = importlib.import_module(module.name)
        one = getattr(loaded, "SOURCE", None)
        for source in (*((one,) if one else ()), *getattr(loaded, "SOURCES", ())):
            if source.source_id in found:
                raise ConfigError(
                    f"two sources are named '{source.source_id}' ({module.name} is the second); "
                    "rename one"
                )
            found[source.source_id] = source
    if not found:
        raise ConfigError("no source was found under ingest/sources; the installation is broken")
    return found


def all_sources(settings: Settings) -> Mapping[str, Source]:
    """Return every source, those a steward made by a mapping or types in too."""
    from ingest.desk.entered import entered_sources

    known = {**discover(), **entered_sources()}
    if not settings.mappings.is_dir():
        return known
    from ingest.sources.tidy.files import saved_sources

    return {**known, **{s.source_id: s for s in saved_sources(settings.mappings)}}


def source_named(source_id: str, settings: Settings | None = None) -> Source:
    """Return a source by its name, or say which there are."""
    sources = all_sources(settings) if settings else discover()
    if source_id not in sources:
        raise ConfigError(
            f"there is no source '{source_id}'; choose one of: {', '.join(sorted(sources))}"
        )
    return sources[source_id]
