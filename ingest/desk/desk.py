"""What pages may ask of ingestion, on one store."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.desk.corrections import CorrectionDesk
from ingest.desk.entries import EntryDesk
from ingest.desk.mappings import MappingDesk
from ingest.desk.release import release, withdraw
from ingest.desk.uploads import UploadDesk
from kms.config import Settings
from kms.domain.intake import IntakeReport
from kms.store.engine import Store


@dataclass(frozen=True)
class Desk:
    """What pages may ask of ingestion: `kms.domain.intake.Intake` on one store."""

    store: Store
    settings: Settings

    @property
    def uploads(self) -> UploadDesk:
        """Files put in by hand."""
        return UploadDesk(self.store, self.settings)

    @property
    def corrections(self) -> CorrectionDesk:
        """Rows left out of an issue, and their correction."""
        return CorrectionDesk(self.store, self.settings)

    @property
    def entries(self) -> EntryDesk:
        """Single rows typed in."""
        return EntryDesk(self.store, self.settings)

    @property
    def mappings(self) -> MappingDesk:
        """Mappings of tables, kept and new."""
        return MappingDesk(self.settings, self.uploads)

    def release(self, name: str, why: str) -> IntakeReport:
        """Let a held vintage be known after all."""
        return release(self.store, self.settings, name, why)

    def withdraw(self, name: str, why: str) -> None:
        """Take a wrong vintage out of every answer."""
        withdraw(self.store, self.settings, name, why)
