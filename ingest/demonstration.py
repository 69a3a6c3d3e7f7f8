"""Filling an empty store with synthetic data, through the same door as real ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from ingest.demo import DemoManifest, generate
from ingest.load import load_vintage
from ingest.nightly.refresh import publish_missing
from ingest.source import discover
from kms.config import Settings
from kms.errors import DataError
from kms.store.engine import Store
from kms.store.open import CLOCK, SYNTHETIC, is_synthetic, set_store_fact, store_fact
from kms.store.record import keep_record
from kms.store.sources import register_sources
from kms.store.vintages import vintage_count

Say = Callable[[str], None]
RELEASES = "releases"
DEMONSTRATION, COMPLETE = "demonstration", "complete"


def fill(store: Store, settings: Settings, *, scale: float, say: Say) -> str:
    """Generate, take in and publish the demonstration; returns the publication shown.

    The truth behind the data stays in `demo/truth`, where only tests look.
    """
    folder = settings.home / "demo"
    say("writing eighteen months of synthetic releases")
    manifest = generate(folder, scale=scale)
    set_store_fact(store, SYNTHETIC, "yes")
    set_store_fact(store, CLOCK, manifest.clock)
    register_sources(store, discover().values())
    _take_in(store, settings, folder, manifest, say=say)
    # The snapshots hold every release; the plain files would only be a second copy.
    shutil.rmtree(folder / RELEASES, ignore_errors=True)
    _, shown = publish_missing(store, settings, say=say)
    set_store_fact(store, DEMONSTRATION, COMPLETE)
    keep_record(store, settings)
    return shown


def is_complete(connection: Connection) -> bool:
    """Tell whether the demonstration was made to its end; an interrupted one is gone on with."""
    return store_fact(connection, DEMONSTRATION) == COMPLETE


def is_kept(connection: Connection) -> bool:
    """Tell whether the store is kept for real data."""
    return store_fact(connection, SYNTHETIC) == "no"


def refuse_real(connection: Connection) -> None:
    """Refuse a store with real data, or kept for them: the two are never mixed."""
    if is_kept(connection) or (vintage_count(connection) and not is_synthetic(connection)):
        raise DataError(
            "this store is for real data, and synthetic ones are never mixed with them; set "
            "KMS_HOME to another folder and run `kms demo` there"
        )


def _take_in(
    store: Store, settings: Settings, folder: Path, manifest: DemoManifest, *, say: Say
) -> None:
    sources = discover()
    for number, release in enumerate(manifest.releases, start=1):
        say(f"taking in release {number} of {len(manifest.releases)}")
        instant = datetime.fromisoformat(str(release.published_at))
        load_vintage(
            store,
            settings,
            sources[release.source_id],
            [folder / part for part in (release.path, *release.further_parts)],
            instant=instant,
            fetched_at=instant,
        )
