"""What may stand in one entry of the feeds file, by the kind of its address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

import httpx

from kms.errors import ConfigError

_Keys = dict[str, type]
_ANY: _Keys = {
    "source": str, "address": str, "name": str, "private": bool, "most_bytes": int,
    "deadline_seconds": int,
}  # fmt: skip
_WEB: _Keys = {
    "also_hosts": list, "insecure": bool, "unsized": bool, "header": str, "user": str,
    "ca_file": str,
}  # fmt: skip
_S3: _Keys = {"endpoint": str, "region": str, "anonymous": bool, "insecure": bool, "ca_file": str}
_SFTP: _Keys = {"known_hosts": str}
_SECRETS = {
    "web": ("token", "password"),
    "s3": ("key", "secret"),
    "sftp": ("password", "private_key", "passphrase"),
}
_KINDS = {"https": "web", "http": "web", "s3": "s3", "sftp": "sftp"}
_WORDS = {str: "a text", bool: "true or false", int: "a whole number above 0", list: "a list"}
_SECRET_NAME = re.compile(
    r"(?i)token|secret|passw|pwd|api.?key|^key$|access.?key|auth|^sig$|signature|credential"
)
_TOKEN_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOST = re.compile(r"[^\s/@?#:]+(:\d{1,5})?")
_OWN_HEADERS = {"host", "range", "connection", "accept-encoding", "content-length", "cookie"}


def check_feed(where: str, row: Mapping[str, Any]) -> None:
    """Refuse an entry that cannot be right; raise `ConfigError` naming the value."""
    for key in ("source", "address"):
        if not isinstance(row.get(key), str) or not row[key]:
            raise ConfigError(f'{where}: {key} is missing; write {key} = "…"')
    parts = _split(where, row["address"])
    kind = _KINDS.get(parts.scheme, "")
    if not kind:
        raise ConfigError(
            f"{where}: the address begins with '{parts.scheme}'; it must be an https://, s3:// or "
            "sftp:// address"
        )
    _check_keys(where, row, kind)
    _check_secrets(where, row, kind)
    {"web": _check_web, "s3": _check_s3, "sftp": _check_sftp}[kind](where, row, parts)


def _split(where: str, address: str) -> SplitResult:
    if not address.isprintable() or " " in address:
        raise ConfigError(f"{where}: the address holds a blank or an invisible sign; remove it")
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise ConfigError(
            f"{where}: the address cannot be read; write it like https://host/path"
        ) from error
    if parts.scheme and not parts.hostname:
        raise ConfigError(f"{where}: the address names no host; write it like https://host/path")
    return parts


def _check_keys(where: str, row: Mapping[str, Any], kind: str) -> None:
    allowed: _Keys = {**_ANY, **{"web": _WEB, "s3": _S3, "sftp": _SFTP}[kind]}
    for secret in _SECRETS[kind]:
        allowed |= {f"{secret}_env": str, f"{secret}_file": str}
    for key, value in row.items():
        if key in _SECRETS[kind]:
            raise ConfigError(
                f"{where}: {key} must not stand in the file; write {key}_env = the name of an "
                f"environment variable, or {key}_file = the path of a file"
            )
        if key not in allowed:
            raise ConfigError(
                f"{where}: '{key}' is unknown for such an address; choose of: "
                f"{', '.join(sorted(allowed))}"
            )
        kind_of = allowed[key]
        right = type(value) is kind_of and not (type(value) is int and value <= 0)
        if not right or (kind_of is str and not value):
            raise ConfigError(f"{where}: {key} is {value!r}; it must be {_WORDS[kind_of]}")
    for host in row.get("also_hosts", []):
        if not isinstance(host, str) or not _HOST.fullmatch(host):
            raise ConfigError(f"{where}: also_hosts holds {host!r}; write host names, or host:port")


def _check_secrets(where: str, row: Mapping[str, Any], kind: str) -> None:
    for secret in _SECRETS[kind]:
        if f"{secret}_env" in row and f"{secret}_file" in row:
            raise ConfigError(
                f"{where}: {secret}_env and {secret}_file both stand there; keep one of them"
            )
        name = row.get(f"{secret}_env", "X")
        if not _ENV.fullmatch(name):
            raise ConfigError(
                f"{where}: {secret}_env is not the name of an environment variable; write the "
                "name, not the secret"
            )


def _has(row: Mapping[str, Any], secret: str) -> bool:
    return f"{secret}_env" in row or f"{secret}_file" in row


def _check_web(where: str, row: Mapping[str, Any], parts: SplitResult) -> None:
    if "@" in parts.netloc:
        raise ConfigError(
            f"{where}: the address holds a user or password before its host; write user and "
            "password_env or password_file instead"
        )
    for written in (row["address"], *(f"https://{host}" for host in row.get("also_hosts", []))):
        try:
            httpx.URL(written)
        except (httpx.InvalidURL, ValueError) as error:
            raise ConfigError(
                f"{where}: the address or a host of also_hosts cannot be read; write it like "
                "https://host/path"
            ) from error
    if parts.fragment:
        raise ConfigError(f"{where}: the address has a part behind '#'; servers never see it")
    _check_open(where, row, parts.scheme)
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if _SECRET_NAME.search(name) and value != "{token}":
            raise ConfigError(
                f"{where}: the address seems to hold a secret as '{name}'; write {name}={{token}} "
                "there, and token_env or token_file beside it"
            )
    if ("{token}" in row["address"]) and not ("{token}" in parts.query and _has(row, "token")):
        raise ConfigError(
            f"{where}: {{token}} may stand in the address's query only, with token_env or "
            "token_file beside it"
        )
    header = row.get("header", "Authorization")
    if not _TOKEN_HEADER.fullmatch(header) or header.lower() in _OWN_HEADERS:
        raise ConfigError(f"{where}: header is {header!r}; write the name of the token's header")
    if ("header" in row and not _has(row, "token")) or ("user" in row) != _has(row, "password"):
        raise ConfigError(
            f"{where}: header needs token_env or token_file, and user needs password_env or "
            "password_file; write both or neither"
        )


def _check_open(where: str, row: Mapping[str, Any], scheme: str) -> None:
    insecure, private = row.get("insecure", False), row.get("private", False)
    if insecure and not private:
        raise ConfigError(
            f"{where}: insecure = true without private = true; plain http is only for the "
            "agency's own network"
        )
    if scheme == "http" and not insecure:
        raise ConfigError(
            f"{where}: the address is plain http, on which anybody can change figures; use https, "
            "or insecure = true and private = true on the agency's own network"
        )


def _check_s3(where: str, row: Mapping[str, Any], parts: SplitResult) -> None:
    endpoint = _split(where, row.get("endpoint", "https://s3"))
    if endpoint.scheme not in ("https", "http") or "@" in endpoint.netloc or endpoint.query:
        raise ConfigError(
            f"{where}: endpoint is no address of a store; write it like https://host:port"
        )
    _check_open(where, row, endpoint.scheme)
    if not parts.path.strip("/") or set(parts.netloc) & set("*?[@:"):
        raise ConfigError(
            f"{where}: the address must name one bucket and a key or pattern in it, like "
            "s3://bucket/folder/*.csv"
        )
    if not re.fullmatch(r"[a-z0-9-]+", row.get("region", "a")):
        raise ConfigError(f"{where}: region is {row['region']!r}; write it like ap-southeast-1")
    both = _has(row, "key") and _has(row, "secret")
    if both == row.get("anonymous", False):
        raise ConfigError(
            f"{where}: give key_env and secret_env (or the same as _file), or anonymous = true; "
            "nothing else of this machine is used to sign in"
        )


def _check_sftp(where: str, row: Mapping[str, Any], parts: SplitResult) -> None:
    if parts.password is not None:
        raise ConfigError(
            f"{where}: the address holds a password; write password_env or password_file instead"
        )
    if not parts.username or not parts.path.strip("/"):
        raise ConfigError(
            f"{where}: the address needs a user and a path, like sftp://user@host/folder/*.csv"
        )
    if "known_hosts" not in row:
        raise ConfigError(
            f"{where}: known_hosts is missing; name a file with the server's key, as ssh-keyscan "
            "writes it, once its fingerprint has been compared"
        )
    if _has(row, "password") == _has(row, "private_key"):
        raise ConfigError(
            f"{where}: give either a password or a private key, as password_env, password_file, "
            "private_key_env or private_key_file"
        )
