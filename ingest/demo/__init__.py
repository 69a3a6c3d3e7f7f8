"""Synthetic demonstration data in the file formats of the real sources.

A seeded renewal simulation with known R in every province, its reporting delays and faults; beds
and tests that follow it; weekly diseases with known outbreaks; labour inspections with their
corrections, injuries and hours worked. The files go through the real ingestors like any other.
"""

from __future__ import annotations

from ingest.demo.generate import generate
from ingest.demo.manifest import DemoManifest, DemoRelease, read_manifest

__all__ = ["DemoManifest", "DemoRelease", "generate", "read_manifest"]
