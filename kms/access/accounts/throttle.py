"""Slowing down guessing: attempts are counted in the database before the password is read."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from kms.errors import ThrottledError
from kms.store.engine import Store
from kms.store.sessions import clear_throttle, set_throttle, throttle_of

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)
UNKNOWN = "unknown"
HOME, HOME_FOR = "home", timedelta(days=30)
# What some proxies send: an IPv4 address with the port, an IPv6 address in brackets.
_WITH_PORT = re.compile(r"(?P<v4>[0-9.]+):[0-9]*|\[(?P<v6>[^\]]*)\](?::[0-9]*)?")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many attempts are free for one account or one address."""

    kind: str
    free: int


# An office shares one address: it gets more attempts than one account does.
ACCOUNT, ADDRESS = Limit("account", 5), Limit("address", 30)


def count_attempt(store: Store, keys: dict[Limit, str], at: datetime) -> None:
    """Count an attempt under each key; raise `ThrottledError` while one of them is blocked.

    Counting first leaves no moment in which many parallel guesses pass; success gives it back.
    """
    with store.write_ops() as connection:
        found = {key: throttle_of(connection, key) for key in keys.values()}
        blocked = [row["blocked_until"] for row in found.values() if row and row["blocked_until"]]
        waits = [until - at for until in blocked if until > at]
        if not waits:
            for limit, key in keys.items():
                row = found[key]
                fresh = row is None or at - row["last_at"] > FORGOTTEN_AFTER
                attempts = 1 if fresh or row is None else row["attempts"] + 1
                until = at + _wait(attempts - limit.free) if attempts >= limit.free else None
                set_throttle(connection, key, attempts=attempts, at=at, until=until)
    if waits:
        seconds = int(max(waits).total_seconds()) + 1
        raise ThrottledError(
            f"too many attempts that did not succeed; try again in {seconds} seconds", seconds
        )


def forgive(store: Store, keys: dict[Limit, str]) -> None:
    """Give an attempt back that succeeded; the account starts anew, the address by one."""
    with store.write_ops() as connection:
        for limit, key in keys.items():
            row = throttle_of(connection, key)
            if limit is ACCOUNT or (row and row["attempts"] <= 1):
                clear_throttle(connection, key)
            elif row:
                attempts = row["attempts"] - 1
                until = row["blocked_until"] if attempts >= limit.free else None
                set_throttle(connection, key, attempts=attempts, at=row["last_at"], until=until)


def keys_of(name: str, address: str, secret: str) -> dict[Limit, str]:
    """Return the keys of an account name and an address; what was typed is not kept."""
    return {
        ACCOUNT: f"{ACCOUNT.kind}:{_hidden(name, secret)}",
        ADDRESS: f"{ADDRESS.kind}:{_hidden(network_of(address), secret)}",
    }


def at_home(
    store: Store, keys: dict[Limit, str], address: str, *, secret: str, at: datetime
) -> dict[Limit, str]:
    """Return keys under which strangers' guesses do not count against an account's owner.

    From a network where the account has signed in of late, its attempts are counted apart:
    whoever guesses from elsewhere can make only those elsewhere wait.
    """
    place = _place(address, secret)
    with store.read_ops() as connection:
        row = throttle_of(connection, f"{HOME}:{keys[ACCOUNT]}@{place}")
    if row is None or at - row["last_at"] > HOME_FOR:
        return keys
    return {**keys, ACCOUNT: f"{keys[ACCOUNT]}@{place}"}


def remember_home(
    store: Store, keys: dict[Limit, str], address: str, *, secret: str, at: datetime
) -> None:
    """Remember that an account has signed in from a network; as hashes, for some weeks."""
    account = keys[ACCOUNT].partition("@")[0]
    key = f"{HOME}:{account}@{_place(address, secret)}"
    with store.write_ops() as connection:
        set_throttle(connection, key, attempts=0, at=at, until=None)


def _place(address: str, secret: str) -> str:
    return _hidden(network_of(address), secret)[:16]


def network_of(address: str) -> str:
    """Return what one person can be expected to hold: an IPv4 address, an IPv6 /64.

    All that cannot be read counts as one, or a new word each time would be a new start.
    """
    found = _WITH_PORT.fullmatch(address.strip())
    bare = (found["v4"] or found["v6"]) if found else address.strip()
    try:
        parsed = ipaddress.ip_address(bare)
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, ipaddress.IPv6Address):
        # An IPv4 reader at a socket for both: by /64 the whole of IPv4 would be one reader.
        parsed = parsed.ipv4_mapped or parsed
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False))


def _wait(beyond: int) -> timedelta:
    """Return 30 seconds, doubled with each further attempt, 15 minutes at most."""
    return min(FIRST_WAIT * (1 << min(beyond, 10)), LONGEST_WAIT)


def _hidden(text: str, secret: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:40]
