"""Files of an SFTP server: taken once, whole, from a server whose key is known."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import paramiko
import pytest

from ingest.connect.fetch import FETCHED, UNCHANGED, Fetched
from kms.domain.intake import IntakeReport
from kms.errors import ConfigError, FetchError
from tests.ingest.connect import sftp_server
from tests.ingest.connect.conftest import AT, NAME, SAMPLE, SOURCE, Feeds, edited
from tests.ingest.connect.sftp_server import PASSWORD, USER, SftpServer

HOST = "files.example"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpServer]:
    """Give a server that shows a folder with one file."""
    (tmp_path / "shown" / "out").mkdir(parents=True)
    with sftp_server.running(tmp_path / "shown") as server:
        put(server)
        yield server


@pytest.fixture
def sftp(feeds: Feeds, monkeypatch: pytest.MonkeyPatch) -> Feeds:
    """Give feeds that know the server's name and the password."""
    monkeypatch.setenv("FILES_PASSWORD", PASSWORD)
    feeds.hosts[HOST] = ["127.0.0.1"]
    return feeds


def put(server: SftpServer, name: str = NAME, text: bytes = SAMPLE, *, age: float = 3600) -> Path:
    """Put a file on the server that last changed so many seconds ago."""
    path = server.folder / "out" / name
    path.write_bytes(text)
    os.utime(path, (AT.timestamp() - age, AT.timestamp() - age))
    return path


def entry(
    server: SftpServer, tmp_path: Path, path: str = "/out/*.csv", **more: object
) -> dict[str, object]:
    """Return an entry of the feeds file."""
    return {
        "source": SOURCE,
        "address": f"sftp://{USER}@{HOST}:{server.port}{path}",
        "private": True,
        "known_hosts": server.known_hosts(tmp_path / "known_hosts", HOST),
        "password_env": "FILES_PASSWORD",
        **more,
    }


def test_files_are_taken_in_once(sftp: Feeds, server: SftpServer, tmp_path: Path) -> None:
    put(server, "measures_20260119.csv", edited())
    put(server, "measures_20260130.csv.filepart", b"half")
    sftp.write(entry(server, tmp_path))
    told = sftp.night()
    assert [state for state, _ in told] == [FETCHED, FETCHED]
    reports = [report for _, report in told if isinstance(report, IntakeReport)]
    assert [report.vintage[:17] for report in reports] == ["measures-20260119", "measures-20260126"]
    assert sftp.night() == [(UNCHANGED, None), (UNCHANGED, None)]
    put(server, age=1800)  # touched, and the same
    assert sftp.night(AT + timedelta(days=1)) == [(UNCHANGED, None), (UNCHANGED, None)]


def test_one_file_may_get_another_name(sftp: Feeds, server: SftpServer, tmp_path: Path) -> None:
    put(server, "latest.csv")
    sftp.write(entry(server, tmp_path, "/out/latest.csv", name="measures_{date}.csv"))
    (item,) = sftp.items()
    assert isinstance(item, Fetched)
    assert (item.files[0].name, item.files[0].parent.exists()) == ("measures_20260201.csv", False)
    assert item.place == f"sftp://{USER}@{HOST}:{server.port}/out/latest.csv"


@pytest.mark.parametrize("locked", [False, True])
def test_a_private_key_lets_us_in(
    locked: bool, sftp: Feeds, server: SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = paramiko.RSAKey.generate(2048)
    server.allowed = key
    written = io.StringIO()
    key.write_private_key(written, password="word" if locked else None)
    (tmp_path / "key").write_text(written.getvalue(), encoding="utf-8")
    monkeypatch.setenv("KEY_WORD", "word")
    told = entry(server, tmp_path, private_key_file=tmp_path / "key")
    del told["password_env"]
    sftp.write(told | ({"passphrase_env": "KEY_WORD"} if locked else {}))
    assert sftp.once()[0] == FETCHED
    (tmp_path / "key").write_text("no key", encoding="utf-8")
    failed = sftp.failure()
    assert isinstance(failed.error, ConfigError)
    assert "the private key cannot be read" in str(failed.error)


def test_a_server_whose_key_is_not_known_is_not_believed_and_not_remembered(
    sftp: Feeds, server: SftpServer, tmp_path: Path
) -> None:
    known = server.known_hosts(tmp_path / "others", "somebody.example")
    before = known.read_bytes()
    sftp.write(entry(server, tmp_path, known_hosts=known))
    failed = sftp.failure()
    assert isinstance(failed.error, ConfigError)
    assert "the server's key is not in" in str(failed.error)
    assert known.read_bytes() == before


def test_a_server_with_another_key_is_not_believed(
    sftp: Feeds, server: SftpServer, tmp_path: Path
) -> None:
    other = paramiko.RSAKey.generate(2048)
    known = server.known_hosts(tmp_path / "others", HOST, other)
    sftp.write(entry(server, tmp_path, known_hosts=known))
    failed = sftp.failure()
    assert isinstance(failed.error, ConfigError)
    assert "somebody may stand between" in str(failed.error)


@pytest.mark.parametrize("text", [None, "", "# nothing\n"])
def test_known_hosts_must_know_somebody(
    text: str | None, sftp: Feeds, server: SftpServer, tmp_path: Path
) -> None:
    path = tmp_path / "empty"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    sftp.write(entry(server, tmp_path, known_hosts=path))
    failed = sftp.failure()
    assert isinstance(failed.error, ConfigError)
    assert "known_hosts is '" in str(failed.error)


def test_a_wrong_password_says_so(
    sftp: Feeds, server: SftpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILES_PASSWORD", "wr0ng")
    sftp.write(entry(server, tmp_path))
    failed = sftp.failure()
    assert isinstance(failed.error, FetchError)
    assert "does not let us in" in str(failed.error)
    assert (failed.is_retryable, "wr0ng" in str(failed.error)) == (False, False)


def test_a_private_server_must_be_named_as_such(
    sftp: Feeds, server: SftpServer, tmp_path: Path
) -> None:
    sftp.write(entry(server, tmp_path, private=False))
    assert "stands for 127.0.0.1, an address of a private network" in str(sftp.failure().error)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/out/none.csv", "nothing is there; check the path"),
        ("/none/*.csv", "no object is there"),
        ("/out/forbidden.csv", "we may not read there"),
    ],
)
def test_what_cannot_be_read_says_so(
    path: str, says: str, sftp: Feeds, server: SftpServer, tmp_path: Path
) -> None:
    put(server, "forbidden.csv")
    sftp.write(entry(server, tmp_path, path))
    failed = sftp.failure()
    assert says in str(failed.error)
    assert not failed.is_retryable


def test_nobody_at_home_may_pass(sftp: Feeds, server: SftpServer, tmp_path: Path) -> None:
    told = entry(server, tmp_path)
    sftp.write(told | {"address": f"sftp://{USER}@{HOST}:1/out/*.csv"})
    failed = sftp.failure()
    assert ("cannot be reached" in str(failed.error), failed.is_retryable) == (True, True)


def test_a_file_that_grows_while_it_is_read_is_taken_the_next_time(
    sftp: Feeds, server: SftpServer, tmp_path: Path
) -> None:
    server.after_read = [b"more,\n"]
    sftp.write(entry(server, tmp_path))
    failed = sftp.failure()
    assert f"'{NAME}' changed while it was read" in str(failed.error)
    assert failed.is_retryable


def test_a_young_file_waits_and_one_of_the_future_does_not(
    sftp: Feeds, server: SftpServer, tmp_path: Path
) -> None:
    sftp.settings = sftp.settings.model_copy(update={"inbox_quiet_seconds": 5})
    sftp.write(entry(server, tmp_path))
    put(server, age=2)
    assert "may still be written to" in str(sftp.failure().error)
    put(server, age=-3600)
    assert sftp.once()[0] == FETCHED


def test_a_file_that_is_too_large_is_refused(
    sftp: Feeds, server: SftpServer, tmp_path: Path
) -> None:
    sftp.write(entry(server, tmp_path, most_bytes=1000))
    assert sftp.failure().code == "too_large"


def test_a_slow_drip_ends_when_the_time_is_up(
    sftp: Feeds, server: SftpServer, tmp_path: Path
) -> None:
    server.pause = 0.05
    sftp.write(entry(server, tmp_path, deadline_seconds=2))
    begun = time.monotonic()
    failed = sftp.failure()
    assert "was not there whole after 2 seconds" in str(failed.error)
    assert time.monotonic() - begun < 8
    assert not list((sftp.settings.home / "tmp").iterdir())
