"""What the privacy notice needs to know of how this site is set up."""

from __future__ import annotations

from dataclasses import dataclass

from kms.access.retention import ATTEMPTS_KEPT, LINKS_KEPT
from kms.config import Settings, load_settings
from kms.reads.people.own import frame_if_any
from kms.reads.request import Request
from kms.reads.views import Frame
from kms.store.engine import Store


@dataclass(frozen=True, slots=True)
class PrivacyView:
    """Who answers for the data, and the limits as they are set; empty contacts are not set."""

    frame: Frame | None
    office: str
    email: str
    officer: str
    idle_minutes: int
    session_hours: int
    fault_days: int
    snapshot_days: int  # 0: no end has been set
    publication_days: int
    link_days: int
    attempt_days: int
    threshold: int  # public counts of 1 to this many persons are not shown
    base: int  # others are rounded to a multiple of this


def read_privacy(store: Store, _request: Request, settings: Settings | None = None) -> PrivacyView:
    """Return what the notice says; the settings are those of the environment if none are given."""
    settings = settings or load_settings()
    with store.read() as connection:
        frame = frame_if_any(connection)
    return PrivacyView(
        frame=frame,
        office=settings.contact_office,
        email=settings.contact_email,
        officer=settings.contact_officer,
        idle_minutes=settings.session_idle_minutes,
        session_hours=settings.session_hours,
        fault_days=settings.fault_days,
        snapshot_days=settings.snapshot_days,
        publication_days=settings.edition_days,
        link_days=LINKS_KEPT.days,
        attempt_days=ATTEMPTS_KEPT.days,
        threshold=settings.disclosure_threshold,
        base=settings.disclosure_base,
    )
