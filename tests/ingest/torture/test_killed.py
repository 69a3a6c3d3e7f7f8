"""Ended at any moment with no warning: nothing lost, nothing in part, nothing twice."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from kms.store.open import CLOCK, set_store_fact
from tests.conftest import FULL
from tests.ingest.test_refresh import later_release
from tests.ingest.torture.places import Place, Seen
from tests.published import NOW, make_published_store

KILLS = {"sqlite": 200 if FULL else 12, "postgresql": 50 if FULL else 4}
LOOK_AGAIN_EVERY = 1 if FULL else 4  # after how many kills the command is run to its end
ENOUGH = 6
BEFORE = (False, False)  # not shown and not held
IMPORTS = 0.08  # of a run: nothing has been touched by then


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give a published store, and a release a week younger in its inbox, on each engine."""
    server = ""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_address")
    made = Place(tmp_path, server)
    if server:
        made.make_database("tortured")
    store = make_published_store(made.settings(), synthetic=False)
    set_store_fact(store, CLOCK, NOW.replace(day=30).isoformat())
    store.close()
    later_release(made.inbox)
    made.keep()
    return made


def words_of(place: Place, what: str) -> tuple[str, ...]:
    """Return the words of a command."""
    (waiting,) = (p for p in (place.folder / "waiting").iterdir() if p.is_file())
    return {
        "refresh": ("refresh", "--quiet"),
        "ingest": ("ingest", "doh_case_information", str(waiting), "--quiet"),
    }[what]


@pytest.mark.torture
@pytest.mark.parametrize("what", ["refresh", "ingest"])
def test_killed_at_any_moment_the_store_is_as_before_or_as_after(
    place: Place, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = words_of(place, what)
    old = place.look()
    place.set_back()
    began = time.monotonic()
    code, said = place.finish(*words)
    lasted = time.monotonic() - began
    assert code == 0, said
    new = place.look()
    assert (new.accepted, new.doubled, new.drafts) == (old.accepted + 1, 0, 0)
    assert (new.visible != old.visible) == (what == "refresh")
    draw = random.Random(f"{what} {place.server == ''}")  # noqa: S311  # not a secret
    kills = KILLS["postgresql" if place.server else "sqlite"] // 2
    met: Counter[tuple[bool, bool]] = Counter()
    at_work = 0
    for number in range(kills):
        place.set_back()
        process = place.start(*words)
        through = (number + draw.random()) / kills  # each part of a run has its kills
        time.sleep(lasted * (IMPORTS + (1 - IMPORTS) * through))
        at_work += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        found = _check(place.look(), old, new)
        met[found] += 1
        if number % LOOK_AGAIN_EVERY == 0:
            began = time.monotonic()
            code, said = place.finish(*words)
            if found == BEFORE:  # all the work once more; how busy the machine is changes
                lasted = time.monotonic() - began
            assert code == 0, said
            again = place.look()
            assert (again.visible, again.facts, again.accepted) == (
                new.visible, new.facts, new.accepted,
            )  # fmt: skip
            assert (again.doubled, again.drafts) == (0, 0)
    with capsys.disabled():
        print(
            f"\n  {what}: {kills} kills, {at_work} of them at work; found as before "
            f"{met[BEFORE]}, taken in {met[False, True]}, published {met[True, True]}"
        )
    assert kills < ENOUGH or met[BEFORE]  # else every kill came too late to matter


def _check(found: Seen, old: Seen, new: Seen) -> tuple[bool, bool]:
    """Check that what is seen is the old or the new, whole; tell which."""
    assert found.visible in (old.visible, new.visible)
    assert (found.facts, found.accepted) in ((old.facts, old.accepted), (new.facts, new.accepted))
    assert found.doubled == 0
    shows_new, holds_new = found.visible != old.visible, found.facts != old.facts
    assert holds_new or not shows_new
    return shows_new, holds_new
