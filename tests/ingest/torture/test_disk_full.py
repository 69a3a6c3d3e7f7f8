"""A disk that fills at any step: a clear word, the old state served, recovery by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kms.errors import UNREACHABLE
from kms.store.open import CLOCK, set_store_fact
from tests.conftest import FULL
from tests.ingest.test_refresh import later_release
from tests.ingest.torture.places import Place
from tests.published import NOW, make_published_store

DISK = 64 << 20
LEAST, MOST = 16 << 10, 32 << 20  # bytes left free, from hopeless to plenty
TOLD = ("No space left", "disk is full", "space on the disk", "disk I/O error")
STEP = 1.3 if FULL else 2.0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a small disk of its own; only the system's owner can make one."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(mounted)]
    try:
        made = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        pytest.skip("there is no `mount` on this machine")
    if made.returncode != 0:
        pytest.skip("a small disk cannot be mounted here: it takes the rights of root")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


@pytest.mark.torture
def test_a_full_disk_is_told_and_nothing_is_lost(disk: Path, tmp_path: Path) -> None:
    place = Place(disk)
    store = make_published_store(place.settings(), synthetic=False)
    set_store_fact(store, CLOCK, NOW.replace(day=30).isoformat())
    store.close()
    later_release(place.inbox)
    kept = tmp_path / "kept"
    for part in (place.home, place.inbox):
        shutil.copytree(part, kept / part.name)
    old, new, free = place.look(), None, float(LEAST)
    stages = set()
    while new is None and free < MOST:
        for part in (place.home, place.inbox):
            shutil.rmtree(part)
            shutil.copytree(kept / part.name, part)
        ballast = _fill_up_to(disk, int(free))
        code, said = place.finish("refresh", "--quiet")
        ballast.unlink()
        found = place.look()
        assert found.doubled == 0
        if code == 0:
            new = found
            break
        assert code == UNREACHABLE, said
        assert any(words in said for words in TOLD), said
        assert "raceback" not in said
        assert found.visible == old.visible
        assert found.facts == old.facts or found.accepted == old.accepted + 1
        stages.add(_stage(found.accepted > old.accepted, said))
        code, said = place.finish("refresh", "--quiet")
        assert code == 0, said
        recovered = place.look()
        assert recovered.accepted == old.accepted + 1
        assert (recovered.doubled, recovered.drafts) == (0, 0)
        assert recovered.visible != old.visible
        free *= STEP
    assert new is not None
    assert new.visible == recovered.visible
    assert stages >= {"fetch", "publish"}


def _stage(is_in: bool, said: str) -> str:
    """Tell how far the work had come when the disk was full."""
    if is_in:
        return "publish"
    return "fetch" if "cannot be read or copied" in said or "snapshot" in said else "stage"


def _fill_up_to(disk: Path, free: int) -> Path:
    """Fill the disk until so much is left."""
    ballast = disk / "ballast"
    left = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, left - free))
    return ballast
