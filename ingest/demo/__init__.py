"""Synthetic demonstration data in the file formats of the real sources.

A seeded renewal simulation with known R in every province, its reporting delays and faults, and
labour inspections with their corrections. The files go through the real ingestors like any other.
"""

from __future__ import annotations

from ingest.demo.generate import generate
from ingest.demo.manifest import DemoManifest, DemoRelease, read_manifest

__all__ = ["DemoManifest", "DemoRelease", "generate", "read_manifest"]
