"""Passwords: argon2id, few at a time, and rules that ask for length rather than for signs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kms.errors import AccessError, ThrottledError

SHORTEST, LONGEST = 12, 1024
AT_ONCE = 2  # 19 MiB and 33 ms of a core each: signing in must not stop the pages
PATIENCE_SECONDS = 2.0
RETRY_SECONDS = 5
# OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_SLOTS = BoundedSemaphore(AT_ONCE)
EASY = ("password", "123456", "qwerty", "ligtas", "letmein", "iloveyou", "philippines")


def check_password(password: str, name: str) -> str:
    """Return a password fit to be kept, normalised; raise `AccessError` saying what is wrong."""
    written = unicodedata.normalize("NFKC", password)
    if len(written) < SHORTEST:
        raise AccessError(
            f"the password has fewer than {SHORTEST} characters; choose a longer one", "short"
        )
    if len(written) > LONGEST:
        raise AccessError(
            f"the password has more than {LONGEST:,} characters; choose a shorter one", "long"
        )
    plain = written.casefold()
    rest = plain.replace(name.casefold(), "") if name else plain
    for word in EASY:
        rest = rest.replace(word, "")
    if len(set(plain)) < SHORTEST // 2 or len(rest) < SHORTEST // 2:
        raise AccessError(
            "the password is easily guessed (few different characters, or a common word or the "
            "user name with little else); choose another",
            "easy",
        )
    return written


def hash_password(password: str) -> str:
    """Return what may be stored of a password."""
    with _slot():
        return _HASHER.hash(unicodedata.normalize("NFKC", password))


def verify(stored: str | None, password: str) -> bool:
    """Tell whether a password is the stored one; takes as long when nothing is stored."""
    written = unicodedata.normalize("NFKC", password[: LONGEST + 1])
    with _slot():
        try:
            fits = _HASHER.verify(stored or _nobody(), written)
        except (VerificationError, InvalidHashError):
            return False
    return fits and stored is not None


def is_outdated(stored: str) -> bool:
    """Tell whether a password was hashed with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _nobody() -> str:
    return _HASHER.hash("nobody has this password")


@contextmanager
def _slot() -> Iterator[None]:
    if not _SLOTS.acquire(timeout=PATIENCE_SECONDS):
        raise ThrottledError(
            "too many people sign in at this moment; try again in a few seconds", RETRY_SECONDS
        )
    try:
        yield
    finally:
        _SLOTS.release()
