"""What pages may ask of ingestion, on one store."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.desk.release import release
from kms.config import Settings
from kms.domain.intake import IntakeReport
from kms.store.engine import Store


@dataclass(frozen=True)
class Desk:
    """What pages may ask of ingestion: `kms.domain.intake.Intake` on one store."""

    store: Store
    settings: Settings

    def release(self, name: str, why: str) -> IntakeReport:
        """Let a held vintage be known after all."""
        return release(self.store, self.settings, name, why)
