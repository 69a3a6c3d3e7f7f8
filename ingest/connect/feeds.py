"""The feeds file: which addresses are asked for which source. Only what it names is reached."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from ingest.connect.feed_keys import check_feed
from ingest.source import all_sources
from kms.config import MANILA, Settings
from kms.errors import ConfigError

LONGEST_PLACE = 400
DATE, TOKEN = "{date}", "{token}"  # the placeholder, not a token
_GLOB_SIGNS = frozenset("*?[")


@dataclass(frozen=True)
class Feed:
    """One address and the source its files belong to."""

    source: str
    address: str  # may hold {token}, never the token itself
    name: str = ""  # file name given to the bytes
    also_hosts: tuple[str, ...] = ()  # where a redirect may lead: host, or host:port
    private: bool = False
    insecure: bool = False
    unsized: bool = False  # answers need not tell their length
    most_bytes: int = 1 << 30
    deadline_seconds: int = 900
    header: str = "Authorization"
    user: str = ""
    endpoint: str = ""
    region: str = "ap-southeast-1"
    anonymous: bool = False
    ca_file: Path | None = None
    known_hosts: Path | None = None
    secrets: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # kind -> env|file, name

    @property
    def parts(self) -> SplitResult:
        """The parts of the address."""
        return urlsplit(self.address)

    @property
    def place(self) -> str:
        """The address for people, logs and the store: of a query only a hash."""
        if self.parts.scheme not in ("http", "https"):
            return place_of(self.address)
        address, _, query = self.address.partition("?")
        mark = f"?…{hashlib.sha256(query.encode()).hexdigest()[:8]}" if query else ""
        return place_of(address + mark)

    @property
    def is_glob(self) -> bool:
        """Tell whether the address stands for all objects of a pattern."""
        return self.parts.scheme in ("s3", "sftp") and is_pattern(self.object_path)

    @property
    def object_path(self) -> str:
        """The path of an object on its server; of s3, with the bucket before it."""
        rest = self.address.partition("://")[2]  # a `?` in it is part of a pattern
        return rest if self.parts.scheme == "s3" else "/" + rest.partition("/")[2]

    @property
    def secret_kinds(self) -> frozenset[str]:
        """The kinds of secret this feed has."""
        return frozenset(self.secrets)

    def secret(self, kind: str) -> str:
        """Read a secret, now; blank where the feed has none of that kind."""
        if kind not in self.secrets:
            return ""
        how, name = self.secrets[kind]
        if how == "env":
            text = os.environ.get(name, "")
        else:
            try:
                text = Path(name).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    f"{self.source}: {self.place}: {kind}_file names '{name}', which cannot be "
                    "read; check it and who may read it"
                ) from error
        if not text.strip():
            raise ConfigError(
                f"{self.source}: {self.place}: {kind}_{how} names '{name}', which is empty or not "
                "set; set it, or take the line away"
            )
        return text.strip()

    def file_name(self, at: datetime) -> str:
        """Return the name under which the bytes are taken in; `{date}` is the day in Manila."""
        own = PurePosixPath(unquote(urlsplit(self.address).path)).name
        if self.parts.scheme in ("s3", "sftp"):
            own = PurePosixPath(self.object_path).name
        return (self.name or own).replace(DATE, f"{at.astimezone(MANILA):%Y%m%d}")


def read_feeds(settings: Settings) -> tuple[Feed, ...]:
    """Read the feeds file; none where there is none.

    Raises
    ------
    ConfigError
        If something in it cannot be right; names the file, the feed and the value.
    """
    path = settings.feeds_file
    if path is None:
        return ()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"KMS_FEEDS is '{path}', which cannot be read; check it") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is not TOML ({error}); write feeds as docs/operate.md shows"
        ) from error
    rows = content.get("feed", [])
    if set(content) - {"feed"} or not isinstance(rows, list):
        other = ", ".join(sorted(set(content) - {"feed"})) or "feed"
        raise ConfigError(f"{path}: '{other}' is unknown here; a feed begins with [[feed]]")
    feeds = tuple(_feed(path, number, row) for number, row in enumerate(rows, 1))
    _refuse_twins(path, feeds)
    known = all_sources(settings) if feeds else {}
    for number, feed in enumerate(feeds, 1):
        if feed.source not in known:
            raise ConfigError(
                f"{path}: feed {number}: there is no source '{feed.source}'; choose one of: "
                f"{', '.join(sorted(known))}"
            )
    return feeds


def place_of(address: str) -> str:
    """Return an address short enough to be kept, still its own."""
    if len(address) <= LONGEST_PLACE:
        return address
    mark = hashlib.sha256(address.encode()).hexdigest()[:16]
    return f"{address[: LONGEST_PLACE - 20]}…{mark}"


def is_pattern(path: str) -> bool:
    """Tell whether a path stands for several."""
    return not _GLOB_SIGNS.isdisjoint(path)


def _feed(path: Path, number: int, row: object) -> Feed:
    where = f"{path}: feed {number}"
    if not isinstance(row, dict):
        raise ConfigError(f"{where} is no table; a feed begins with [[feed]]")
    check_feed(where, row)
    values: dict[str, Any] = {}
    secrets = {}
    for key, value in row.items():
        kind, _, how = key.rpartition("_")
        if how in ("env", "file") and key != "ca_file":
            secrets[kind] = (how, value if how == "env" else str(path.parent / value))
        elif key in ("ca_file", "known_hosts"):
            values[key] = path.parent / value
        else:
            values[key] = tuple(value) if isinstance(value, list) else value
    feed = Feed(**values, secrets=MappingProxyType(secrets))
    _check_name(where, feed)
    return feed


def _check_name(where: str, feed: Feed) -> None:
    """Refuse a file name that is none, or that could lie anywhere else."""
    if feed.is_glob:
        if feed.name:
            raise ConfigError(
                f"{where}: name is '{feed.name}', and the address stands for several files, which "
                "keep their own; take name away"
            )
        return
    name = (feed.name or feed.file_name(datetime.now(MANILA))).replace(DATE, "")
    plain = name.isprintable() and not set(name) & set('/\\{}<>:"|?*')
    if not name or name.startswith(".") or not plain or len(name.encode()) > 200:
        raise ConfigError(
            f"{where}: '{name}' is no file name; write name = \"…\" as the source's files are "
            "called, with {date} where the day belongs"
        )


def _refuse_twins(path: Path, feeds: tuple[Feed, ...]) -> None:
    seen: dict[str, int] = {}
    for number, feed in enumerate(feeds, 1):
        if (first := seen.setdefault(feed.place, number)) != number:
            raise ConfigError(
                f"{path}: feed {number}: {feed.place} is the address of feed {first}, too; take "
                "one away"
            )
