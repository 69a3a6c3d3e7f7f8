"""Accounts and retention from the command line, as an operator uses it."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import app
from kms.access.accounts import invitations, sessions
from kms.access.accounts.sign_in import Attempt, sign_in
from kms.access.audit import operator
from kms.config import Settings, load_settings, now
from kms.domain.principal import Grant
from kms.errors import AccessError, ConfigError
from kms.store.account_tables import UserSession
from kms.store.audit import entries
from kms.store.open import opened

PASSWORD = "kalabaw sa ilog 42"
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run `kms …` in a home of its own; returns exit code, output and errors."""
    monkeypatch.setenv("KMS_HOME", str(tmp_path / "home"))

    def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as left:
            app.main(list(words))
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def test_the_first_admin_comes_from_the_command_line(command: Command) -> None:
    code, said, _ = command("user", "create", "Root", "--admin", typed=f"{PASSWORD}\n")
    assert (code, said) == (0, "Root may sign in\n")
    settings = load_settings()
    with opened(settings) as store:
        attempt = Attempt("root", PASSWORD, "10.0.0.1")
        assert sign_in(store, attempt, secret=settings.signing_key(), at=now())
        with store.read_ops() as connection:
            rows = entries(connection, most=10).rows
    assert [row["event"] for row in rows] == ["sign_in", "role.grant", "account.create"]
    assert rows[1]["actor"].endswith("(command line)")
    assert PASSWORD not in str(rows)


@pytest.mark.parametrize("typed", ["", "short\n", "password12345\n"])
def test_no_account_opens_with_a_weak_password(command: Command, typed: str) -> None:
    code, _, wrong = command("user", "create", "maria", typed=typed)
    assert code == 3
    assert wrong.startswith("error: the password")
    assert command("user", "list")[1] == ""


def test_an_invitation_link_leads_to_an_account(command: Command) -> None:
    code, link, _ = command("user", "invite", "--role", "inspector", "--area", "1300000000")
    assert code == 0
    settings = load_settings()
    (secret,) = parse_qs(urlsplit(link.strip()).query)["code"]
    with opened(settings) as store:
        row = invitations.find(store, secret, now())
    assert row is not None
    assert (row["role"], row["area"]) == ("inspector", "13")


def test_roles_states_and_tokens_are_changed_and_listed(command: Command) -> None:
    command("user", "create", "root", "--admin", typed=f"{PASSWORD}\n")
    command("user", "create", "maria", "--role", "viewer", typed=f"{PASSWORD}\n")
    assert command("user", "grant", "maria", "--role", "analyst", "--area", "13")[0] == 0
    assert command("user", "revoke", "maria", "--role", "viewer")[0] == 0
    listed = [json.loads(line) for line in command("user", "list", "--json")[1].splitlines()]
    assert [(row["name"], row["roles"]) for row in listed] == [
        ("maria", ["analyst (area 13)"]),
        ("root", ["admin"]),
    ]
    code, token, _ = command("user", "token", "maria", "--scope", "figures:exact")
    assert (code, token[:7]) == (0, "ligtas_")
    assert command("user", "disable", "maria")[0] == 0
    code, _, wrong = command("user", "disable", "root")
    assert code == 3
    assert "no admin" in wrong


def test_wrong_names_roles_and_areas_say_what_to_do(command: Command) -> None:
    for words in (
        ("user", "grant", "nobody", "--role", "analyst"),
        ("user", "invite", "--role", "king"),
        ("user", "invite", "--role", "analyst", "--area", "99"),
        ("user", "create", "A b", "--role", "viewer"),
    ):
        code, _, wrong = command(*words, typed=f"{PASSWORD}\n")
        assert code == 3, words
        assert len(wrong.splitlines()) == 1


def test_unlocking_lets_a_throttled_account_try_again(command: Command) -> None:
    command("user", "create", "maria", typed=f"{PASSWORD}\n")
    settings = load_settings()
    with opened(settings) as store:
        wrong = Attempt("maria", "wrong", "10.0.0.1")
        for _ in range(6):
            with pytest.raises(AccessError):
                sign_in(store, wrong, secret=settings.signing_key(), at=now())
        assert command("user", "unlock", "maria")[1] == "maria may try again\n"
        attempt = Attempt("maria", PASSWORD, "10.0.0.1")
        assert sign_in(store, attempt, secret=settings.signing_key(), at=now())


def test_unlocking_nobody_is_refused_and_keeps_nothing_of_what_was_typed(
    command: Command,
) -> None:
    code, _, wrong = command("user", "unlock", PASSWORD)
    assert code == 3
    assert "there is no user" in wrong
    with opened(load_settings()) as store, store.read_ops() as connection:
        assert entries(connection, most=10).rows == ()


def test_a_disabled_account_gets_no_token(command: Command) -> None:
    command("user", "create", "root", "--admin", typed=f"{PASSWORD}\n")
    command("user", "create", "maria", typed=f"{PASSWORD}\n")
    command("user", "disable", "maria")
    code, said, wrong = command("user", "token", "maria")
    assert (code, said) == (3, "")
    assert "disabled" in wrong


@pytest.mark.parametrize("held", ["", "\n", "abc\n", " " * 40])
def test_a_kept_key_that_is_empty_or_short_is_refused(tmp_path: Path, held: str) -> None:
    path = tmp_path / "secret_key"
    path.write_text(held, encoding="ascii")
    with pytest.raises(ConfigError, match="fewer than 32; remove the file"):
        Settings(home=tmp_path).signing_key()
    assert path.read_text(encoding="ascii") == held


def test_a_short_key_is_refused_in_development_too(tmp_path: Path) -> None:
    for short in ("short", " " * 40, f"{'k' * 31} "):
        with pytest.raises(ConfigError, match="KMS_SECRET_KEY holds a key of"):
            Settings(home=tmp_path, secret_key=short).signing_key()
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(ConfigError, match="a key of 0 characters"):
        Settings(home=tmp_path, secret_key_file=empty).signing_key()
    padded = Settings(home=tmp_path, secret_key=f" {'k' * 32}\n")
    assert padded.signing_key() == "k" * 32


def test_all_who_start_at_once_have_the_same_key(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    start = threading.Barrier(8)

    def key(_: int) -> str:
        start.wait()
        return settings.signing_key()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(key, range(8)))) == 1
    assert [path.name for path in settings.home.iterdir()] == ["secret_key"]


def test_the_audit_log_is_verified(command: Command) -> None:
    command("user", "create", "root", "--admin", typed=f"{PASSWORD}\n")
    code, said, _ = command("verify", "audit")
    assert code == 0
    assert said.startswith("the audit log is whole: 2 rows")
    assert "first time" in said
    assert "first time" not in command("verify")[1]
    with opened(load_settings()) as store, store.write_ops() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
        connection.exec_driver_sql("DELETE FROM audit WHERE seq = 2")
    code, _, wrong = command("verify", "audit")
    assert code == 3
    assert "no longer holds row 2" in wrong


def test_retention_removes_what_is_due_and_a_dry_run_only_tells(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "refused").mkdir(parents=True)
    old, fresh = inbox / "refused" / "old.csv", inbox / "refused" / "fresh.csv"
    for path in (old, fresh):
        path.write_text("x", encoding="utf-8")
    long_ago = (now() - timedelta(days=40)).timestamp()
    os.utime(old, (long_ago, long_ago))
    monkeypatch.setenv("KMS_INBOX", str(inbox))
    command("user", "create", "root", "--admin", typed=f"{PASSWORD}\n")
    with opened(load_settings()) as store:
        with store.read_ops() as connection:
            from kms.store.accounts import all_accounts

            account = all_accounts(connection)[0]["id"]
        sessions.open_session(store, account, address="", at=now() - timedelta(days=2))
        invitations.invite(
            store, Grant("viewer"), origin=operator(),
            at=now() - timedelta(days=60),
        )  # fmt: skip
    code, said, _ = command("retention", "apply", "--dry-run", "--json")
    told = json.loads(said)
    assert code == 0
    assert (told["files that were dealt with"], told["sessions"], told["used links"]) == (1, 1, 1)
    assert old.exists()
    assert json.loads(command("retention", "apply", "--json")[1]) == told
    assert not old.exists()
    assert fresh.exists()
    assert not any(json.loads(command("retention", "apply", "--json")[1]).values())
    with opened(load_settings()) as store, store.read_ops() as connection:
        assert connection.execute(UserSession.__table__.select()).all() == []
        assert entries(connection, most=1).rows[0]["event"] == "retention.apply"
