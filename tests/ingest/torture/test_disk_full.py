"""A disk that fills at any step: a clear word, the old state served, recovery by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kms.errors import UNREACHABLE
from kms.store.open import CLOCK, set_store_fact
from tests.conftest import FULL
from tests.ingest.test_refresh import later_release
from tests.ingest.torture.places import Place, Seen
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


@pytest.fixture
def place(disk: Path) -> Place:
    """Give a published store on a small disk, and a release a week younger in its inbox."""
    made = Place(disk)
    store = make_published_store(made.settings(), synthetic=False)
    set_store_fact(store, CLOCK, NOW.replace(day=30).isoformat())
    store.close()
    later_release(made.inbox)
    return made


@pytest.mark.torture
def test_a_full_disk_is_told_and_nothing_is_lost(place: Place, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for part in (place.home, place.inbox):
        shutil.copytree(part, kept / part.name)
    old, new, free = place.look(), None, float(LEAST)
    stages = set()
    while new is None and free < MOST:
        for part in (place.home, place.inbox):
            shutil.rmtree(part)
            shutil.copytree(kept / part.name, part)
        ballast = _fill_up_to(place.folder, int(free))
        code, said = place.finish("refresh", "--quiet")
        ballast.unlink()
        found = place.look()
        if code == 0:
            new = found
            break
        stage = _check(found, old, code, said)
        if FULL or stage not in stages:
            recovered = _recover(place, old)
        stages.add(stage)
        free *= STEP
    assert new is not None
    assert new.visible == recovered.visible
    assert stages >= {"fetch", "stage"}


@pytest.mark.torture
def test_a_disk_that_fills_while_figures_are_computed_keeps_the_old_ones_up(place: Place) -> None:
    old = place.look()
    process = place.start("refresh", "--quiet")
    while process.poll() is None and place.look().accepted == old.accepted:
        time.sleep(0.01)
    ballast = _fill_up_to(place.folder, 0)
    _, said = process.communicate(timeout=300)
    ballast.unlink()
    found = place.look()
    if process.returncode == 0:
        pytest.skip("the machine published before its disk could be filled")
    assert _check(found, old, process.returncode, said.decode()) == "publish"
    _recover(place, old)


def _check(found: Seen, old: Seen, code: int, said: str) -> str:
    """Check that a command on a full disk said so and broke nothing; tell how far it had come."""
    assert code == UNREACHABLE, said
    assert any(words in said for words in TOLD), said
    assert "raceback" not in said
    assert (found.visible, found.doubled) == (old.visible, 0)
    assert found.facts == old.facts or found.accepted == old.accepted + 1
    return _stage(found.accepted > old.accepted, said)


def _recover(place: Place, old: Seen) -> Seen:
    """Run the command with room again: all is there, once."""
    code, said = place.finish("refresh", "--quiet")
    assert code == 0, said
    recovered = place.look()
    assert recovered.accepted == old.accepted + 1
    assert (recovered.doubled, recovered.drafts) == (0, 0)
    assert recovered.visible != old.visible
    return recovered


def _stage(is_in: bool, said: str) -> str:
    """Tell how far the work had come when the disk was full."""
    if is_in:
        return "publish"
    return "fetch" if "cannot be read or copied" in said or "snapshot" in said else "stage"


def _fill_up_to(disk: Path, free: int) -> Path:
    """Fill the disk until so many bytes are left."""
    ballast = disk / "ballast"
    left = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, left - free))
    return ballast
