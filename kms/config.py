"""Settings: every environment variable, its unit and its default, in one place."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from kms.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
MANILA = ZoneInfo("Asia/Manila")


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
    host: str = Field(default="127.0.0.1", description="address the web server listens on")
    port: int = Field(default=8050, ge=1, le=65535, description="port the web server listens on")
    secret_key: str = Field(default="", description="signs sessions; made in development")
    refresh_cron: str = Field(default="10 2 * * *", description="nightly refresh, Asia/Manila")
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

    def signing_key(self) -> str:
        """Return the secret that signs sessions; made and kept (0600) in development only."""
        if self.secret_key:
            if self.env == "production" and len(self.secret_key) < 32:
                raise ConfigError(
                    "KMS_SECRET_KEY has fewer than 32 characters; set a longer random one, "
                    "for example the output of: openssl rand -hex 32"
                )
            return self.secret_key
        if self.env == "production":
            raise ConfigError(
                "KMS_SECRET_KEY is not set and KMS_ENV is production; set it to a random text "
                "of at least 32 characters, for example the output of: openssl rand -hex 32"
            )
        return _kept_key(self.home / "secret_key")


def load_settings() -> Settings:
    """Read the environment; raise `ConfigError` naming the variable that is wrong."""
    try:
        return Settings()
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


def _kept_key(path: Path) -> str:
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_hex(32)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key + "\n")
    return key
