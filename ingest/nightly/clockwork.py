"""The scheduler: APScheduler is only the clock, the ledger decides what is due."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.exc import SQLAlchemyError

from ingest.nightly.refresh import KIND, Clock, refresh
from kms.config import MANILA, Settings, now
from kms.errors import ConfigError, HeldError, KmsError
from kms.store import ledger
from kms.store.engine import Store

log = logging.getLogger(__name__)
LOOKS_BACK = (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=8))
WITH_SECONDS = 6  # fields of a schedule that begins with the second
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")  # as cron numbers them
_NUMBERED = re.compile(r"(?:\*|([0-7])(?:-([0-7]))?)(?:/([1-7]))?")


def trigger_of(settings: Settings) -> CronTrigger:
    """Return when the nightly refresh is due; raise `ConfigError` when it cannot be read."""
    try:
        return _trigger(settings.refresh_cron)
    except ValueError as error:
        raise ConfigError(
            f"KMS_REFRESH_CRON is '{settings.refresh_cron}' ({error}); write five fields such as "
            "'10 2 * * *' for 02:10 Manila time"
        ) from error


def _trigger(written: str) -> CronTrigger:
    *earlier, weekday = written.split() or [""]
    fields = [*earlier, ",".join(map(_named_days, weekday.split(",")))]
    if len(fields) != WITH_SECONDS:
        return CronTrigger.from_crontab(" ".join(fields), timezone=MANILA)
    trigger = CronTrigger.from_crontab(" ".join(fields[1:]), timezone=MANILA)
    names = ("minute", "hour", "day", "month", "day_of_week")
    given = {field.name: str(field) for field in trigger.fields if field.name in names}
    return CronTrigger(second=fields[0], timezone=MANILA, **given)


def _named_days(written: str) -> str:
    """Return the days of a part of a weekday field by name: the clock's numbers begin with Monday.

    Left as it is where it has no numbers.
    """
    found = _NUMBERED.fullmatch(written)
    if found is None or written == "*":
        return written
    first, last, step = found.groups()
    one = first is not None and last is None and step is None
    end = int(first) if one else int(last or len(WEEKDAYS) - 2)
    days = range(int(first or 0), end + 1, int(step or 1))
    return ",".join(WEEKDAYS[day] for day in days) or written


def last_due(trigger: CronTrigger, moment: datetime) -> datetime | None:
    """Return the newest time at or before a moment at which work was due."""
    for window in LOOKS_BACK:  # the shortest first: a schedule of seconds has many times a day
        due: datetime | None = None
        candidate = trigger.get_next_fire_time(None, moment - window)
        while candidate is not None and candidate <= moment:
            due = candidate
            candidate = trigger.get_next_fire_time(due, due + timedelta(seconds=1))
        if due is not None:
            return due
    return None


def serve_due(store: Store, settings: Settings, clock: Clock = now) -> bool:
    """Do what is due and not done; missed nights are caught up once. Tells whether it worked."""
    moment = clock()
    ledger.beat(store, ledger.SCHEDULER, moment)
    trigger = trigger_of(settings)
    due = last_due(trigger, moment)
    if due is None:
        return False
    with store.read_ops() as connection:
        run = ledger.run_of(connection, KIND, due)
        served = ledger.last_served(connection, KIND, moment)
    if not _is_open(run, served, due, moment):
        return False
    earlier = last_due(trigger, due - timedelta(seconds=1))
    missed = served is not None and earlier is not None and served < earlier
    try:
        refresh(store, settings, slot=due, catch_up=missed, clock=clock)
    except HeldError as error:
        log.info("refresh left to another", extra={"why": str(error)})
        return False
    except (KmsError, SQLAlchemyError, OSError) as error:
        log.exception("refresh failed", extra={"why": type(error).__name__})
        return False
    return True


def _is_open(
    run: Mapping[str, Any] | None, served: datetime | None, due: datetime, moment: datetime
) -> bool:
    """Tell whether the work due is still to be done, or to be tried again by now."""
    if run is None:
        return served is None or served < due
    if run["state"] in ledger.AT_WORK:  # whether its process lives, the lease tells
        return True
    return run["next_try_at"] is not None and run["next_try_at"] <= moment


def run_forever(store: Store, settings: Settings) -> None:
    """Look every minute whether something is due, until the process is told to end."""
    scheduler = BlockingScheduler(timezone=MANILA)
    looks = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
    seconds = settings.scheduler_seconds
    scheduler.add_job(_beat, "interval", (store,), seconds=seconds, **looks)
    scheduler.add_job(
        serve_due, "interval", (store, settings), seconds=seconds, next_run_time=now(), **looks
    )
    scheduler.start()


def _beat(store: Store) -> None:
    """Say that the scheduler is alive, also while a refresh goes on."""
    ledger.beat(store, ledger.SCHEDULER, now())
