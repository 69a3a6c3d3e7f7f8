"""The scheduler: APScheduler is only the clock, the ledger decides what is due."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger

from ingest.nightly.refresh import KIND, refresh
from kms.config import MANILA, Settings, now
from kms.errors import ConfigError, HeldError, KmsError
from kms.store import ledger
from kms.store.engine import Store

log = logging.getLogger(__name__)
LOOK_BACK = timedelta(days=8)
MOST_TRIES = 3


def trigger_of(settings: Settings) -> CronTrigger:
    """Return when the nightly refresh is due; raise `ConfigError` when it cannot be read."""
    try:
        return CronTrigger.from_crontab(settings.refresh_cron, timezone=MANILA)
    except ValueError as error:
        raise ConfigError(
            f"KMS_REFRESH_CRON is '{settings.refresh_cron}' ({error}); write five fields such as "
            "'10 2 * * *' for 02:10 Manila time"
        ) from error


def last_due(trigger: CronTrigger, moment: datetime) -> datetime | None:
    """Return the newest time at or before a moment at which work was due."""
    due: datetime | None = None
    candidate = trigger.get_next_fire_time(None, moment - LOOK_BACK)
    while candidate is not None and candidate <= moment:
        due, candidate = (
            candidate,
            trigger.get_next_fire_time(candidate, candidate + timedelta(seconds=1)),
        )
    return due


def serve_due(store: Store, settings: Settings, moment: datetime) -> bool:
    """Do what is due and not done; missed nights are caught up once. Tells whether it worked."""
    ledger.beat(store, ledger.SCHEDULER, moment)
    due = last_due(trigger_of(settings), moment)
    with store.read_ops() as connection:
        served = ledger.last_slot(connection, KIND)
        tries = 0 if due is None else ledger.tries(connection, KIND, due)
    if due is None or (served is not None and served >= due) or tries >= MOST_TRIES:
        return False
    try:
        refresh(store, settings, slot=due)
    except HeldError as error:
        log.info("refresh left to another", extra={"why": str(error)})
        return False
    except KmsError as error:
        log.exception("refresh failed", extra={"why": str(error), "try": tries + 1})
        return False
    return True


def run_forever(store: Store, settings: Settings) -> None:
    """Look every minute whether something is due, until the process is told to end."""
    scheduler = BlockingScheduler(timezone=MANILA)
    scheduler.add_job(lambda: ledger.beat(store, ledger.SCHEDULER, now()), "interval", seconds=60)
    scheduler.add_job(
        lambda: serve_due(store, settings, now()),
        "interval",
        seconds=60,
        next_run_time=now(),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )
    scheduler.start()
