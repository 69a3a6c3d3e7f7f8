"""Is the machine well: data in date, the last refresh done, the scheduler alive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ingest.connect.inbox import REASON
from ingest.nightly.clockwork import last_due, trigger_of
from ingest.nightly.overview import source_lines, source_rows
from kms.config import MANILA, Settings
from kms.domain.intake import REFUSED
from kms.errors import NoDataError
from kms.store import ledger
from kms.store.checks import newest_checks
from kms.store.engine import Store
from kms.store.open import clock, is_synthetic
from kms.store.publications import current_issue
from kms.store.states import ACCEPTED
from kms.store.vintages import HELD, alarms, vintages
from kms.store.waivers import waivers

MISSED = timedelta(hours=1)  # after its time a refresh that has not been done is a problem
MOST_VINTAGES = 20


@dataclass(frozen=True)
class State:
    """What `kms status` tells; `problems` are for a person to look at."""

    publication: str
    synthetic: bool
    sources: tuple[dict[str, Any], ...]
    runs: tuple[dict[str, Any], ...]
    vintages: tuple[str, ...]  # newest first
    waivers: tuple[str, ...]  # tripwires that pass today
    scheduler_seen_at: datetime | None
    problems: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the state in words."""
        head = f"publication {self.publication or 'none'}"
        runs = [f"{r['run_id']}: {r['state']} {r['detail']}".rstrip() for r in self.runs]
        problems = [f"problem: {p}" for p in self.problems]
        return [head, *source_lines(self.sources), *self.vintages, *self.waivers, *runs, *problems]


def read_state(store: Store, settings: Settings, moment: datetime) -> State:
    """Look at both stores."""
    with store.read_ops() as operations:
        checks = newest_checks(operations)
    with store.read() as connection:
        try:
            shown = current_issue(connection).id
        except NoDataError:
            shown = ""
        rows = source_rows(connection, checks, clock(connection))
        synthetic = is_synthetic(connection)
        known = vintages(connection)
        names = [_named(v) for v in known[:MOST_VINTAGES]]
        held = [
            f"{v['name']} is held ({'; '.join(map(str, alarms(connection, v['id'])))}); look at "
            "it, then `kms release` or `kms withdraw` it"
            for v in known
            if v["state"] == HELD
        ]
        passing = waivers(connection, clock(connection).astimezone(MANILA).date())
    due = last_due(trigger_of(settings), moment - MISSED)
    with store.read_ops() as operations:
        runs = ledger.recent_runs(operations, 3)
        seen = ledger.last_beat(operations, ledger.SCHEDULER)
        served = ledger.last_served(operations, ledger.REFRESH, moment)
    missed = _missed(known, served, due) if not synthetic else []
    problems = [*_problems(shown, runs, seen, moment), *missed, *_refused(settings), *held]
    return State(
        publication=shown,
        synthetic=synthetic,
        sources=tuple(rows),
        runs=tuple(runs),
        vintages=tuple(names),
        waivers=tuple(
            f"waiver {w['id']}: {w['code']} of {w['source_id']} passes until {w['until']}"
            + (f", about {w['subject']}" if w["subject"] else "")
            + f" ({w['who']}: {w['why']})"
            for w in passing
        ),
        scheduler_seen_at=seen,
        problems=tuple(problems),
    )


def _missed(
    known: list[Mapping[str, Any]], served: datetime | None, due: datetime | None
) -> list[str]:
    """Say that the refresh last due was not done, whether or not a scheduler ever ran."""
    known_since = min((v["recorded_at"] for v in known), default=None)
    if due is None or known_since is None or known_since > due or (served and served >= due):
        return []
    last = f"{served.astimezone(MANILA):%Y-%m-%d %H:%M}" if served else "never"
    told = (
        f"the refresh due at {due.astimezone(MANILA):%Y-%m-%d %H:%M} was not done (the last was "
        f"for {last}); see that `kms scheduler` runs, or run `kms refresh`"
    )
    return [told]


def _named(vintage: Mapping[str, Any]) -> str:
    used = vintage["state"] == ACCEPTED
    return vintage["name"] if used else f"{vintage['name']} ({vintage['state']})"


def _refused(settings: Settings) -> list[str]:
    folder = settings.inbox and settings.inbox / REFUSED
    if not folder or not folder.is_dir():
        return []
    waiting = [path for path in folder.iterdir() if not path.name.endswith(REASON)]
    if not waiting:
        return []
    return [f"{len(waiting)} refused files wait in {folder}, each with its reason beside it"]


def _problems(
    shown: str, runs: list[dict[str, Any]], seen: datetime | None, moment: datetime
) -> tuple[str, ...]:
    found = []
    if not shown:
        found.append("nothing has been published; run `kms refresh`, or `kms demo`")
    if runs and runs[0]["state"] in (ledger.FAILED, ledger.ABANDONED):
        found.append(f"the last refresh ended as {runs[0]['state']}: {runs[0]['detail']}")
    if seen is not None and moment - seen > ledger.SILENT:
        found.append(
            f"the scheduler was last seen {seen.astimezone(MANILA):%Y-%m-%d %H:%M}; start it "
            "with `kms scheduler`"
        )
    return tuple(found)
