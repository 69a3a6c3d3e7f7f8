"""Code, sex and age of the persons of an issue, kept to compare the next with; can be made anew.

These files speak of persons: only their owner may read them, only the newest two of a source
stay, and `kms retention apply` removes old ones.
"""

from __future__ import annotations

from pathlib import Path

STAY = 2


def persons_file(compared: Path, source_id: str, snapshot_sha256: str) -> Path:
    """Return where the persons of a snapshot are kept, in a folder closed to others."""
    folder = compared / source_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder / f"{snapshot_sha256}.parquet"


def settle(fresh: Path, kept: Path) -> None:
    """Put a file just written in its place and remove those beyond the newest."""
    if not fresh.exists():
        return
    fresh.chmod(0o600)
    fresh.replace(kept)
    files = sorted(kept.parent.glob("*.parquet"), key=lambda path: path.stat().st_mtime)
    for old in files[:-STAY]:
        old.unlink(missing_ok=True)
