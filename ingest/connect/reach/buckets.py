"""Objects of S3 and stores like it, through fsspec: one endpoint, on checked machines."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import s3fs
from aiohttp.abc import AbstractResolver, ResolveResult
from botocore.exceptions import BotoCoreError, ClientError, SSLError
from fsspec.asyn import sync
from fsspec.exceptions import FSTimeoutError

from ingest.connect.feeds import Feed, is_pattern
from ingest.connect.reach.bounds import LONGEST_WAIT, Bounds, NotServedError, Sink
from ingest.connect.reach.hosts import Resolve, checked_addresses
from ingest.connect.reach.shelves import Listed, moved
from kms.errors import ConfigError, FetchError, KmsError

_CHUNK = 1 << 20
_REFUSED = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"})
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404"})


class _CheckedResolver(AbstractResolver):
    """Resolves the endpoint's host, and nothing else, to machines that may be reached."""

    def __init__(self, feed: Feed, bounds: Bounds, resolve: Resolve) -> None:
        self._feed, self._bounds, self._resolve = feed, bounds, resolve
        self.refused: KmsError | None = None

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002  # aiohttp's own protocol
    ) -> list[ResolveResult]:
        """Return the checked addresses of a host."""
        try:
            found = await asyncio.to_thread(self.check, host, port)
        except KmsError as error:
            self.refused = error
            raise OSError("refused") from error
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    def check(self, host: str, port: int) -> list[str]:
        """Return the addresses of the endpoint's host; raise `ConfigError` for any other."""
        own = urlsplit(_endpoint(self._feed)).hostname or ""
        if host != own and not (host.endswith(f".{own}") and not self._feed.endpoint):
            raise ConfigError(
                f"{self._bounds.where}: the store sends us on to '{host}'; check region and "
                "endpoint in the feeds file"
            )
        return checked_addresses(
            self._bounds.where, host, port, private=self._feed.private, resolve=self._resolve
        )

    async def close(self) -> None:
        """Hold nothing."""


class _Bucket:
    """An open connection to a store of objects."""

    def __init__(self, files: Any, bounds: Bounds, resolver: _CheckedResolver) -> None:
        self._files, self._bounds, self._resolver = files, bounds, resolver

    def listed(self, path: str) -> list[Listed]:
        """Return the object of a path, or all that a pattern means."""
        if is_pattern(path):
            found = self._run(self._files._glob(path, detail=True))  # noqa: SLF001  # its async form
            entries = list(found.values())
        else:
            entries = [self._run(self._files._info(path))]  # noqa: SLF001
        return [_listed(one) for one in entries if one["type"] == "file"]

    def take(self, one: Listed, target: Path) -> str:
        """Write an object into a file and return its hash; only in the state it was listed in."""
        bucket, _, key = one.path.partition("/")

        async def copied() -> str:
            client = await self._files.set_session()
            got = await client.get_object(Bucket=bucket, Key=key, IfMatch=one.etag)
            with Sink(target, self._bounds) as sink, contextlib.closing(got["Body"]) as body:
                while chunk := await body.read(_CHUNK):
                    sink.write(chunk)
                if sink.bytes != one.size:
                    raise moved(self._bounds, one)
                return sink.sha256()

        try:
            return str(self._run(copied()))
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 412:
                raise moved(self._bounds, one) from error
            raise

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        async def in_time() -> Any:
            return await asyncio.wait_for(work, self._bounds.left())

        return sync(self._files.loop, in_time)


@contextmanager
def open_bucket(feed: Feed, bounds: Bounds, resolve: Resolve) -> Iterator[_Bucket]:
    """Connect to a feed's store of objects; raise a `KmsError` for whatever goes wrong there."""
    resolver = _CheckedResolver(feed, bounds, resolve)
    where = urlsplit(_endpoint(feed))
    if not _is_name(where.hostname or ""):  # a name is checked when it is resolved
        resolver.check(where.hostname or "", where.port or 443)
    files = s3fs.S3FileSystem(
        anon=feed.anonymous,
        key=feed.secret("key") or None,
        secret=feed.secret("secret") or None,
        endpoint_url=_endpoint(feed),
        client_kwargs={"region_name": feed.region, "verify": _authorities(feed)},
        config_kwargs={
            "proxies": {},
            "connect_timeout": min(bounds.wait(), LONGEST_WAIT / 2),
            "read_timeout": bounds.wait(),
            "retries": {"max_attempts": 1},
            "connector_args": {"resolver": resolver, "use_dns_cache": False},
            "s3": {"addressing_style": "path" if feed.endpoint else "virtual"},
        },
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    files.retries = 1
    try:
        yield _Bucket(files, bounds, resolver)
    except KmsError:
        raise
    except (TimeoutError, FSTimeoutError) as error:
        raise bounds.too_slow() from error
    except (ClientError, BotoCoreError, aiohttp.ClientError, OSError) as error:
        raise resolver.refused or _failure(bounds, error) from error
    finally:
        if getattr(files, "_s3", None) is not None:
            sync(files.loop, files.s3.__aexit__, None, None, None)


def _is_name(host: str) -> bool:
    """Tell whether the resolver is asked: never for 10.0.0.1, 127.1, 2130706433 or 0x7f.1."""
    return ":" not in host and not re.fullmatch(r"[0-9.]+|(.*\.)?0x[0-9a-f]*\.?", host)


def _endpoint(feed: Feed) -> str:
    return feed.endpoint or f"https://s3.{feed.region}.amazonaws.com"


def _authorities(feed: Feed) -> bool | str:
    return True if feed.ca_file is None else str(feed.ca_file)


def _listed(entry: dict[str, Any]) -> Listed:
    changed: datetime = entry["LastModified"]
    return Listed(
        path=entry["name"],
        size=int(entry["size"]),
        etag=str(entry["ETag"]),
        changed=changed.isoformat(),
        seconds=changed.timestamp(),
    )


def _failure(bounds: Bounds, error: Exception) -> FetchError:
    code = _code(error)
    if code in _MISSING or isinstance(error, FileNotFoundError):
        return NotServedError(f"{bounds.where}: nothing is there; check the bucket and the key")
    if code in _REFUSED or isinstance(error, PermissionError):
        return NotServedError(
            f"{bounds.where}: the store refuses us; check the keys named in the feeds file, and "
            "that they may list and read there"
        )
    if isinstance(error, SSLError | aiohttp.ClientSSLError):
        return FetchError(
            f"{bounds.where} has a certificate that is not believed; ask whoever runs it, or name "
            "its authority with ca_file"
        )
    return FetchError(
        f"{bounds.where} cannot be reached ({code or type(error).__name__}); check the network, "
        "and try again later"
    )


def _code(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ClientError):
            return str(cause.response.get("Error", {}).get("Code", ""))
        cause = cause.__cause__ or cause.__context__
    return ""
