"""The demonstration's manifest: what was written, by which generator, on which clock."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

GENERATOR_VERSION = "3"
NOTICE = (
    "Synthetic demonstration data: every person, firm, inspection and figure is invented by a "
    "seeded simulation. Nothing here describes a real person, establishment or epidemic."
)
CASES_SOURCE = "doh_case_information"
INSPECTIONS_SOURCE = "dole_inspections"
DISEASES_SOURCE = "pidsr_weekly"
BEDS_SOURCE = "doh_hospital_daily"
TESTS_SOURCE = "doh_testing_aggregates"
INJURIES_SOURCE = "dole_wair"
EXPOSURE_SOURCE = "dole_aedr"
INVESTIGATIONS_SOURCE = "doh_case_investigation"


@dataclass(frozen=True)
class WrittenRelease:
    """What was written of one release."""

    day: date
    path: Path
    rows: int
    codes: int
    removed: list[str]  # codes the previous release had and this one has not
    bytes: int
    further_parts: tuple[Path, ...] = ()  # files that belong to the same issue


@dataclass(frozen=True)
class DemoRelease:
    """One issue of one source: where, when it counts as published, what it holds."""

    source_id: str
    path: str  # relative to the manifest's folder, with forward slashes
    published_at: str  # ISO 8601 with offset
    rows: int
    keys: int  # distinct case codes, inspections, reports; places or facilities that report
    removed: tuple[str, ...]  # case codes of the release before that this one dropped
    further_parts: tuple[str, ...] = ()  # paths of files that belong to the same issue


@dataclass(frozen=True)
class DemoManifest:
    """Everything a loader of the demonstration needs to know, in order of publication."""

    notice: str
    generator_version: str
    seed: int
    months: int
    scale: float
    clock: str  # "now" of the demonstration store, ISO 8601 with offset
    first_onset: str
    last_day: str
    cases: int  # persons simulated, reported or not by the last day
    inspections: int
    releases: tuple[DemoRelease, ...]

    def write(self, folder: Path) -> None:
        """Write `manifest.json`."""
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> DemoManifest:
    """Read `manifest.json` of a generated folder."""
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    releases = tuple(
        DemoRelease(
            **{
                **release,
                "removed": tuple(release["removed"]),
                "further_parts": tuple(release["further_parts"]),
            }
        )
        for release in content.pop("releases")
    )
    return DemoManifest(**content, releases=releases)
