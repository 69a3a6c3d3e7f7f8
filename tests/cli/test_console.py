"""The command line's manners: one clear line, the right exit code, nothing half done."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kms.config import ROOT, Settings, load_settings
from kms.errors import ConfigError, KmsError
from kms.store.open import opened


def kms(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the real command."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "app.py"), *arguments],
        cwd=ROOT, env={**os.environ, "KMS_HOME": str(home), **environment},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "message"),
    [
        (("nosuch",), {}, 2, "No such command"),
        (("ingest", "nosuch", "x.csv"), {}, 2, "there is no source 'nosuch'"),
        (("ingest", "doh_case_information", "/nowhere.csv"), {}, 4, "there is no file or folder"),
        (("ingest", "doh_case_information", "docs"), {}, 4, "ends like one of this source"),
        (("ingest", "dole_inspections", "README.md", "--published-at", "x"), {}, 2, "published-at"),
        (("refresh",), {}, 3, "nothing to publish"),
        (("refresh",), {"KMS_INBOX": "/nowhere"}, 4, "which is no folder"),
        (("init",), {"KMS_PORT": "many"}, 2, "KMS_PORT is 'many'"),
        (("init",), {"KMS_DATABASE_URL": "mysql://x/y"}, 2, "use sqlite or postgresql"),
        (
            ("init",),
            {"KMS_DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/x"},
            4,
            "cannot be reached",
        ),
        (("withdraw", "nothing", "--why", "test"), {}, 3, "there is no vintage 'nothing'"),
        (("publication", "rollback"), {}, 3, "nothing has been published"),
        (("scheduler",), {"KMS_REFRESH_CRON": "at night"}, 2, "KMS_REFRESH_CRON"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], code: int, message: str
) -> None:
    done = kms(*arguments, home=tmp_path, **environment)
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert message in lines[0]
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = kms("serve", "--port", str(taken.getsockname()[1]), home=tmp_path)
    assert done.returncode == 4
    assert "cannot listen on" in done.stderr
    assert "Traceback" not in done.stderr


def test_status_tells_that_a_person_must_look(tmp_path: Path) -> None:
    done = kms("status", home=tmp_path)
    assert done.returncode == 1
    assert "nothing has been published" in done.stdout


def test_init_twice_is_as_good_as_once(tmp_path: Path) -> None:
    assert kms("init", "--empty", home=tmp_path).returncode == 0
    assert kms("init", "--empty", home=tmp_path).returncode == 0
    assert kms("verify", home=tmp_path).returncode == 0


def test_production_refuses_to_start_without_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    production = Settings(home=tmp_path, env="production")
    with pytest.raises(ConfigError, match="KMS_SECRET_KEY is not set"):
        production.signing_key()
    for weak in ("short", "a" * 40, "change-me-" + "x1y2z3" * 6, "0123456789abcdef" * 2):
        with pytest.raises(ConfigError, match="too easily guessed"):
            production.model_copy(update={"secret_key": weak}).signing_key()
    assert production.model_copy(update={"secret_key": "9f" + "3a7c51e0b8d264" * 3}).signing_key()
    monkeypatch.setenv("KMS_ENV", "staging")
    with pytest.raises(ConfigError, match="KMS_ENV is 'staging'"):
        load_settings()


def test_a_key_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("9f" + "3a7c51e0b8d264" * 3 + "\n", encoding="utf-8")
    production = Settings(home=tmp_path, env="production", secret_key_file=path)
    assert production.signing_key() == path.read_text(encoding="utf-8").strip()
    missing = production.model_copy(update={"secret_key_file": tmp_path / "none"})
    with pytest.raises(ConfigError, match="KMS_SECRET_KEY_FILE"):
        missing.signing_key()


def test_production_serves_over_tls_only(tmp_path: Path) -> None:
    for address in ("", "http://ligtas.example.ph", "ligtas.example.ph", "https://a/b"):
        with pytest.raises(ConfigError, match="KMS_PUBLIC_URL"):
            Settings(home=tmp_path, env="production", public_url=address).check_for_serving()
    Settings(
        home=tmp_path, env="production", public_url="https://ligtas.example.ph"
    ).check_for_serving()


def test_secrets_are_not_in_what_is_printed_of_the_settings(tmp_path: Path) -> None:
    shown = repr(Settings(home=tmp_path, secret_key="hidden-1", oidc_client_secret="hidden-2"))
    assert "hidden" not in shown


def test_development_makes_its_own_key_for_itself_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    key = settings.signing_key()
    assert settings.signing_key() == key
    assert (settings.home / "secret_key").stat().st_mode & 0o777 == 0o600


def test_every_error_has_an_exit_code_of_the_contract() -> None:
    def kinds(error: type[KmsError]) -> set[type[KmsError]]:
        return {error}.union(*(kinds(child) for child in error.__subclasses__()))

    assert {kind.exit_code for kind in kinds(KmsError)} <= {1, 2, 3, 4, 5}


def test_a_store_is_closed_when_it_cannot_be_migrated(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with opened(Settings(home=home)):
        pass
    with opened(Settings(home=home)) as store, store.read() as connection:
        assert connection.exec_driver_sql("select count(*) from vintage").scalar() == 0


def test_roles_of_the_identity_provider_that_are_no_json_are_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KMS_OIDC_ROLES", "{analyst")
    with pytest.raises(ConfigError, match="KMS_OIDC_ROLES cannot be read as JSON"):
        load_settings()
