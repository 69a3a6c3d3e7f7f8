"""Settings: every environment variable, its unit and its default, in one place."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from kms.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
MANILA = ZoneInfo("Asia/Manila")
SHORTEST_KEY, FEWEST_SIGNS = 32, 10
HOW = "set it to a random text of at least 32 characters, such as: openssl rand -hex 32"
KNOWN_KEYS = re.compile(r"(?i)change.?me|example|secret.?key|password|default|0123456789abcdef")


class Settings(BaseSettings):
    """What a deployment may set; names in the environment carry the prefix `KMS_`."""

    model_config = SettingsConfigDict(
        env_prefix="KMS_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    env: Literal["development", "production"] = Field(
        default="development", description="production refuses weak secrets"
    )
    home: Path = Field(default=ROOT / "var", description="folder of databases, snapshots, logs")
    database_url: str = Field(default="", description="data store; empty: SQLite under home")
    ops_url: str = Field(default="", description="operations store; empty: SQLite under home")
    inbox: Path | None = Field(default=None, description="folder watched by refresh; empty: none")
    inbox_quiet_seconds: int = Field(
        default=5, ge=0, description="seconds for which a file there must not have grown"
    )
    feeds: Path | None = Field(
        default=None, description="file of addresses; empty: feeds.toml under home, if it is there"
    )
    host: str = Field(default="127.0.0.1", description="address the web server listens on")
    port: int = Field(default=8050, ge=1, le=65535, description="port the web server listens on")
    public_url: str = Field(
        default="", description="address users type, such as https://ligtas.example.ph"
    )
    trusted_hosts: str = Field(
        default="", description="further host names the pages answer to, separated by commas"
    )
    trusted_proxy: str = Field(
        default="", description="address of the one proxy in front whose headers are believed"
    )
    secret_key: str = Field(default="", repr=False, description="signs forms; made in development")
    secret_key_file: Path | None = Field(default=None, description="file that holds the key")
    refresh_cron: str = Field(default="10 2 * * *", description="nightly refresh, Asia/Manila")
    compute_processes: int = Field(
        default=1, ge=1, le=256, description="processes of this machine that compute figures"
    )
    dask_scheduler: str = Field(
        default="", description="Dask scheduler whose workers compute instead; empty: this machine"
    )
    scheduler_seconds: int = Field(
        default=60, ge=1, le=240, description="seconds after which the scheduler looks again"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="least severe line that is logged"
    )
    language: Literal["en", "fil"] = Field(default="en", description="language without a choice")
    disclosure_threshold: int = Field(
        default=7, ge=0, description="public counts of 1 to this many persons are suppressed"
    )
    disclosure_base: int = Field(default=5, ge=1, description="public counts are rounded to this")
    edition_days: int = Field(
        default=120, ge=0, description="days back for which earlier cuts of the data are published"
    )
    session_idle_minutes: int = Field(
        default=30, ge=1, le=480, description="minutes without a request that end a session"
    )
    session_hours: int = Field(default=8, ge=1, le=24, description="hours a session lasts at most")
    fault_days: int = Field(
        default=30, ge=1, description="days for which places of faulty rows and refused files stay"
    )
    snapshot_days: int = Field(
        default=0, ge=0, description="days for which raw files stay; 0: until somebody says"
    )
    upload_mb: int = Field(
        default=200, ge=1, le=10_000, description="megabytes a steward may upload at once"
    )
    contact_office: str = Field(
        default="", description="office that answers for the data, on the privacy notice"
    )
    contact_email: str = Field(
        default="", description="its address for requests about personal data"
    )
    contact_officer: str = Field(default="", description="its data protection officer")
    oidc_issuer: str = Field(
        default="", description="address of the identity provider; empty: none"
    )
    oidc_client_id: str = Field(default="", description="our name at the identity provider")
    oidc_client_secret: str = Field(default="", repr=False, description="our secret there")
    oidc_client_secret_file: Path | None = Field(default=None, description="file that holds it")
    oidc_groups_claim: str = Field(default="groups", description="claim that lists groups")
    oidc_roles: dict[str, str] = Field(
        default={}, description='group to role, as JSON: {"ligtas-analysts": "analyst"}'
    )

    @property
    def data_url(self) -> str:
        """The data store's address."""
        return self.database_url or f"sqlite:///{self.home / 'data.sqlite'}"

    @property
    def operations_url(self) -> str:
        """The operations store's address: a schema of its own in a shared PostgreSQL, else a file.

        Never the data store's SQLite file: a long load there would block every sign-in.
        """
        if self.ops_url and self.ops_url == self.data_url and self.ops_url.startswith("sqlite"):
            raise ConfigError(
                "KMS_OPS_URL and KMS_DATABASE_URL name one SQLite file; give each its own"
            )
        if self.ops_url:
            return self.ops_url
        if self.database_url and not self.database_url.startswith("sqlite"):
            return self.database_url
        return f"sqlite:///{self.home / 'ops.sqlite'}"

    @property
    def snapshots(self) -> Path:
        """Where raw bytes are kept."""
        return self.home / "snapshots"

    @property
    def compared(self) -> Path:
        """Where hashed codes, sex and age of persons are kept to compare issues; made anew."""
        return self.home / "cache"

    @property
    def feeds_file(self) -> Path | None:
        """The file that names the addresses to fetch from; none where there is none."""
        kept = self.home / "feeds.toml"
        return self.feeds or (kept if kept.exists() else None)

    @property
    def mappings(self) -> Path:
        """Where a steward's mappings of tables are kept."""
        return self.home / "mappings"

    @property
    def uploads(self) -> Path:
        """Where uploaded files wait to be taken in, for a day at most."""
        return self.home / "uploads"

    @property
    def https(self) -> bool:
        """Tell whether users reach the pages over TLS; cookies then say so."""
        return self.public_url.startswith("https://")

    def signing_key(self) -> str:
        """Return the secret that signs forms; made and kept (0600) in development only."""
        key = self.secret_key.strip()
        key = key or _read_secret("KMS_SECRET_KEY_FILE", self.secret_key_file)
        if self.env == "production":
            _refuse_weak(key)
        elif self.secret_key or self.secret_key_file:
            _refuse_short(key, "KMS_SECRET_KEY", HOW)
        return key or _kept_key(self.home / "secret_key")

    def identity_secret(self) -> str:
        """Return our secret at the identity provider."""
        return self.oidc_client_secret or _read_secret(
            "KMS_OIDC_CLIENT_SECRET_FILE", self.oidc_client_secret_file
        )

    def check_for_serving(self) -> None:
        """Raise `ConfigError` where production would serve accounts over an open line."""
        address = urlsplit(self.public_url)
        if self.public_url and (
            address.scheme not in ("http", "https") or not address.hostname or address.path
        ):
            raise ConfigError(
                f"KMS_PUBLIC_URL is '{self.public_url}'; write the address users type, without a "
                "path, such as https://ligtas.example.ph"
            )
        if self.env == "production" and not self.https:
            raise ConfigError(
                "KMS_ENV is production and KMS_PUBLIC_URL is not an https address; set it to the "
                "address users type, and let a proxy do TLS"
            )


def load_settings() -> Settings:
    """Read the environment; raise `ConfigError` naming the variable that is wrong."""
    try:
        return Settings()
    except SettingsError as error:
        raise ConfigError(
            "KMS_OIDC_ROLES cannot be read as JSON; write it like "
            '{"ligtas-analysts": "analyst"}, or unset it'
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "KMS_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(
            f"{name} is {first.get('input')!r}: {first['msg'].lower()}; set it as "
            "docs/operate.md says or unset it"
        ) from error


def now() -> datetime:
    """The present instant, UTC; the one place that reads the computer's clock."""
    return datetime.now(UTC)


def _read_secret(variable: str, path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{variable} is '{path}', which cannot be read; check it") from error


def _refuse_weak(key: str) -> None:
    if not key:
        raise ConfigError(f"KMS_SECRET_KEY is not set and KMS_ENV is production; {HOW}")
    if len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_SIGNS or KNOWN_KEYS.search(key):
        raise ConfigError(
            f"KMS_SECRET_KEY is too easily guessed (short, repetitive or an example); {HOW}"
        )


def _refuse_short(key: str, where: str, how: str) -> None:
    if len(key) < SHORTEST_KEY:
        raise ConfigError(
            f"{where} holds a key of {len(key)} characters, fewer than {SHORTEST_KEY}; {how}"
        )


def _kept_key(path: Path) -> str:
    """Return the key kept in a file, made if there is none; the same for all who ask at once."""
    if not path.exists():
        _make_key(path)
    key = _read_secret("the kept key", path)
    _refuse_short(key, f"'{path}'", "remove the file, and a new one is made at the next start")
    return key


def _make_key(path: Path) -> None:
    """Write a key aside and link it into place: nobody can read half of one, the first stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".secret_key-")  # made with 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(aside, path)
    except FileExistsError:
        return  # another process was first
    except OSError as error:
        raise ConfigError(
            f"a key cannot be kept in '{path}' ({error.strerror}); set KMS_SECRET_KEY instead"
        ) from error
    finally:
        Path(aside).unlink()
