"""Files of an SFTP server, through fsspec: only a server whose key is known, checked machines."""

from __future__ import annotations

import contextlib
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from ingest.connect.feeds import Feed, is_pattern
from ingest.connect.reach.bounds import LONGEST_WAIT, Bounds, NotServedError, Sink
from ingest.connect.reach.hosts import Resolve, checked_addresses
from ingest.connect.reach.shelves import Listed, moved
from kms.errors import ConfigError, FetchError

_CHUNK = 1 << 15  # what one answer of a server holds
_KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class _KnownServer(SFTPFileSystem):  # type: ignore[misc]  # fsspec has no types
    """fsspec's SFTP over a line that is open already, to a server of the known hosts only."""

    def _connect(self) -> None:
        known_hosts, given = self.ssh_kwargs.pop("known_hosts"), self.ssh_kwargs
        self.client = paramiko.SSHClient()
        self.client.load_host_keys(known_hosts)
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        with contextlib.ExitStack() as undo:
            undo.callback(self.client.close)
            self.client.connect(self.host, allow_agent=False, look_for_keys=False, **given)
            self.ftp = self.client.open_sftp()
            undo.pop_all()


class _Folder:
    """An open connection to an SFTP server."""

    def __init__(self, files: Any, bounds: Bounds) -> None:
        self._files, self._bounds = files, bounds

    def listed(self, path: str) -> list[Listed]:
        """Return the file of a path, or all that a pattern means."""
        paths = self._files.glob(path) if is_pattern(path) else [path]
        found = [self._files.info(one) for one in paths]
        return [_listed(one) for one in found if one["type"] == "file"]

    def take(self, one: Listed, target: Path) -> str:
        """Write a file into another and return its hash; raise if it grew meanwhile."""
        with Sink(target, self._bounds) as sink, self._files.ftp.open(one.path, "rb") as file:
            while chunk := file.read(_CHUNK):
                sink.write(chunk)
            again = _listed(self._files.info(one.path))
            if again != one or sink.bytes != one.size:
                raise moved(self._bounds, one)
            return sink.sha256()


@contextmanager
def open_sftp(feed: Feed, bounds: Bounds, resolve: Resolve) -> Iterator[_Folder]:
    """Connect to a feed's server; raise a `KmsError` for whatever goes wrong there."""
    line: socket.socket | None = None
    up = False

    def cut() -> None:
        nonlocal up
        up = True
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    with bounds.cut_off(cut):
        try:
            line = _line(feed, bounds, resolve)
            files = _KnownServer(
                feed.parts.hostname,
                port=feed.parts.port or 22,
                sock=line,
                known_hosts=_known_hosts(feed),
                skip_instance_cache=True,
                **_credentials(feed),
                **dict.fromkeys(("timeout", "banner_timeout", "auth_timeout"), bounds.wait()),
            )
            try:
                if (channel := files.ftp.get_channel()) is not None:
                    channel.settimeout(bounds.wait())
                yield _Folder(files, bounds)
            finally:
                files.client.close()
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise (bounds.too_slow() if up else _failure(feed, bounds, error)) from error
        finally:
            if line is not None:
                line.close()


def _line(feed: Feed, bounds: Bounds, resolve: Resolve) -> socket.socket:
    """Connect to the first of the checked addresses that takes connections."""
    host, port = feed.parts.hostname or "", feed.parts.port or 22
    failure: OSError | None = None
    for address in checked_addresses(
        bounds.where, host, port, private=feed.private, resolve=resolve
    ):
        try:
            return socket.create_connection((address, port), min(bounds.wait(), LONGEST_WAIT / 2))
        except OSError as error:
            failure = error
    raise failure or OSError("no address")


def _known_hosts(feed: Feed) -> str:
    path = feed.known_hosts
    try:
        keys = paramiko.HostKeys(str(path))
    except (OSError, UnicodeDecodeError, paramiko.SSHException) as error:
        raise ConfigError(
            f"{feed.source}: {feed.place}: known_hosts is '{path}', which cannot be read; check it"
        ) from error
    if not len(keys):
        raise ConfigError(
            f"{feed.source}: {feed.place}: known_hosts is '{path}', which holds no key; write "
            "there what ssh-keyscan tells, once its fingerprint has been compared"
        )
    return str(path)


def _credentials(feed: Feed) -> dict[str, Any]:
    user = feed.parts.username
    if "private_key" not in feed.secret_kinds:
        return {"username": user, "password": feed.secret("password")}
    text, phrase = feed.secret("private_key"), feed.secret("passphrase") or None
    for kind in _KEYS:
        with contextlib.suppress(paramiko.SSHException, ValueError):
            return {
                "username": user,
                "pkey": kind.from_private_key(io.StringIO(text + "\n"), password=phrase),
            }
    raise ConfigError(
        f"{feed.source}: {feed.place}: the private key cannot be read; it must be an Ed25519, "
        "ECDSA or RSA key as ssh-keygen writes it, and the passphrase that goes with it"
    )


def _listed(entry: dict[str, Any]) -> Listed:
    changed = entry["mtime"]
    return Listed(
        path=entry["name"],
        size=int(entry["size"]),
        etag="",
        changed=changed.isoformat(),
        seconds=changed.timestamp(),
    )


def _failure(feed: Feed, bounds: Bounds, error: Exception) -> FetchError | ConfigError:
    if isinstance(error, paramiko.BadHostKeyException):
        return ConfigError(
            f"{bounds.where}: the server's key is not the one in '{feed.known_hosts}'; somebody "
            "may stand between. Ask whoever runs it before the file is changed"
        )
    if isinstance(error, paramiko.AuthenticationException):
        return NotServedError(
            f"{bounds.where}: the server does not let us in; check the user, and the password or "
            "key named in the feeds file"
        )
    if isinstance(error, FileNotFoundError):
        return NotServedError(f"{bounds.where}: nothing is there; check the path")
    if isinstance(error, PermissionError):
        return NotServedError(f"{bounds.where}: we may not read there; ask whoever runs it")
    if "not found in known_hosts" in str(error):
        return ConfigError(
            f"{bounds.where}: the server's key is not in '{feed.known_hosts}'; add it there once "
            "its fingerprint has been compared"
        )
    return FetchError(
        f"{bounds.where} cannot be reached ({type(error).__name__}); check the network, and try "
        "again later"
    )
