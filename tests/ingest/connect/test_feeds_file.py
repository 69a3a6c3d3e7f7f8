"""The feeds file: everything in it is right, or the message says what is not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.connect.feeds import LONGEST_PLACE, Feed, read_feeds
from kms.config import ROOT, Settings
from kms.errors import ConfigError

WEB = "source = 'measures'\naddress = 'https://x.example/measures_20260126.csv'\n"
S3 = "source = 'measures'\naddress = 's3://bucket/in/*.csv'\n"
SFTP = "source = 'measures'\naddress = 'sftp://me@x.example/in/*.csv'\n"
KEYS = "key_env = 'A'\nsecret_env = 'B'\n"
LOGIN = "known_hosts = 'known'\npassword_env = 'A'\n"


def read(settings: Settings, *entries: str) -> tuple[Feed, ...]:
    """Read a feeds file of these entries."""
    settings.home.mkdir(exist_ok=True)
    text = "".join(f"[[feed]]\n{entry}" for entry in entries)
    (settings.home / "feeds.toml").write_text(text, encoding="utf-8")
    return read_feeds(settings)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("address = 'https://x.example/a.csv'", "source is missing"),
        ("source = 'measures'", "address is missing"),
        ("source = 7\naddress = 'https://x.example/a.csv'", "source is missing"),
        (WEB.replace("measures'", "mesures'"), "there is no source 'mesures'; choose one of: "),
        (WEB.replace("measures'", "tidy_csv.mine'"), r"there is no source 'tidy_csv\.mine'"),
        (WEB + "colour = 'red'", "'colour' is unknown for such an address; choose of: address,"),
        (WEB + "known_hosts = 'x'", "'known_hosts' is unknown"),
        (S3 + KEYS + "header = 'x'", "'header' is unknown"),
        (WEB + "private = 'yes'", "private is 'yes'; it must be true or false"),
        (WEB + "private = 1", "private is 1; it must be true or false"),
        (WEB + "most_bytes = true", "most_bytes is True; it must be a whole number"),
        (WEB + "most_bytes = 0", "most_bytes is 0; it must be a whole number above 0"),
        (WEB + "deadline_seconds = 1.5", "deadline_seconds is 1.5"),
        (WEB + "also_hosts = 'x'", "also_hosts is 'x'; it must be a list"),
        (WEB + "also_hosts = ['https://x']", "also_hosts holds 'https://x'"),
        (WEB + "also_hosts = [7]", "also_hosts holds 7"),
        (WEB + "name = ''", "name is ''; it must be a text"),
        (WEB + "name = '../x.csv'", "is no file name"),
        (WEB + "name = '.x.csv'", "is no file name"),
        (WEB + "name = 'x{day}.csv'", "is no file name"),
        (WEB + f"name = '{'x' * 201}'", "is no file name"),
        (S3 + KEYS + "name = 'x.csv'", "stands for several files, which keep their own"),
        ("source = 'measures'\naddress = 'https://x.example/'", "is no file name"),
        ("source = 'measures'\naddress = 'https://x.example/a%2f..%2f..'", "is no file name"),
        ("source = 'measures'\naddress = 'ftp://x.example/a.csv'", "begins with 'ftp'"),
        ("source = 'measures'\naddress = 'file:///etc/passwd'", "names no host"),
        ("source = 'measures'\naddress = '/srv/a.csv'", "begins with ''"),
        ("source = 'measures'\naddress = 'https:///a.csv'", "names no host"),
        ("source = 'measures'\naddress = 'https://x.example:99999/a.csv'", "cannot be read"),
        ("source = 'measures'\naddress = 'https://[::1/a.csv'", "cannot be read"),
        ("source = 'measures'\naddress = 'https://x.example/a b.csv'", "holds a blank"),
        ("source = 'measures'\naddress = 'https://x.example/a.csv#x'", "a part behind '#'"),
        ("source = 'measures'\naddress = 'http://x.example/a.csv'", "is plain http"),
        (WEB + "insecure = true", "insecure = true without private = true"),
        (WEB + "token = 'abc'", "token must not stand in the file; write token_env"),
        (WEB + "token_env = 'A'\ntoken_file = 'b'", "keep one of them"),
        (WEB + "token_env = 'Bearer s3cr3t'", "write the name, not the secret"),
        (WEB + "header = 'X-Key'", "header needs token_env"),
        (WEB + "header = 'Host'\ntoken_env = 'A'", "header is 'Host'"),
        (WEB + "header = 'X Key'\ntoken_env = 'A'", "header is 'X Key'"),
        (WEB + "user = 'me'", "user needs password_env"),
        (WEB + "password_env = 'A'", "user needs password_env"),
        (WEB.replace("126.csv", "126.csv?api_key=s3cr3t"), "seems to hold a secret as 'api_key'"),
        (WEB.replace("126.csv", "126.csv?k={token}"), "with token_env or"),
        (WEB.replace("x.example/", "x.example/{token}/") + "token_env = 'A'", "query only"),
        (WEB.replace("x.example", "me:s3cr3t@x.example"), "a user or password before its host"),
        (S3, "give key_env and secret_env"),
        (S3 + "key_env = 'A'", "give key_env and secret_env"),
        (S3 + KEYS + "anonymous = true", "give key_env and secret_env"),
        (S3.replace("bucket", "b*") + KEYS, "must name one bucket"),
        (S3.replace("/in/*.csv", "") + KEYS, "must name one bucket"),
        (S3 + KEYS + "endpoint = 'http://x.example'", "is plain http"),
        (S3 + KEYS + "endpoint = 'ftp://x.example'", "endpoint is no address of a store"),
        (S3 + KEYS + "region = 'x/y'", "region is 'x/y'"),
        (SFTP, "known_hosts is missing"),
        (SFTP + "known_hosts = 'x'", "give either a password or a private key"),
        (SFTP + LOGIN + "private_key_file = 'x'", "give either a password or a private key"),
        (SFTP.replace("me@", "me:s3cr3t@") + LOGIN, "the address holds a password"),
        (SFTP.replace("me@", "") + LOGIN, "needs a user and a path"),
        (SFTP.replace("/in/*.csv", "/") + LOGIN, "needs a user and a path"),
    ],
)
def test_what_cannot_be_right_is_refused(entry: str, says: str, settings: Settings) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        read(settings, WEB.replace("126", "127"), entry + "\n")
    assert str(refused.value).startswith(f"{settings.home / 'feeds.toml'}: feed 2: ")
    assert "s3cr3t" not in str(refused.value)


def test_the_same_address_twice_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"feed 3: .*\.csv is the address of feed 1, too"):
        read(settings, WEB, S3 + KEYS, WEB)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("feed = 7", "'feed' is unknown here"),
        ("feed = [7]", "feed 1 is no table"),
        ("[[feeds]]\nsource = 'x'", "'feeds' is unknown here; a feed begins with"),
        ("[[feed]", "is not TOML"),
    ],
)
def test_what_is_no_feeds_file_is_refused(text: str, says: str, settings: Settings) -> None:
    path = settings.home / "feeds.toml"
    settings.home.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        read_feeds(settings)


def test_a_feeds_file_that_is_named_must_be_there(settings: Settings, tmp_path: Path) -> None:
    named = settings.model_copy(update={"feeds": tmp_path / "none.toml"})
    with pytest.raises(ConfigError, match=r"KMS_FEEDS is '.*none\.toml', which cannot be read"):
        read_feeds(named)


def test_none_is_read_where_there_is_none(settings: Settings) -> None:
    assert read_feeds(settings) == ()


def test_what_is_not_said_is_strict(settings: Settings) -> None:
    web, s3, sftp = read(settings, WEB, S3 + KEYS, SFTP + LOGIN)
    for feed in (web, s3, sftp):
        assert (feed.private, feed.insecure, feed.unsized, feed.also_hosts) == (
            False, False, False, (),
        )  # fmt: skip
        assert (feed.most_bytes, feed.deadline_seconds) == (1 << 30, 900)
    assert (web.is_glob, s3.is_glob, sftp.is_glob) == (False, True, True)
    assert (s3.object_path, sftp.object_path) == ("bucket/in/*.csv", "/in/*.csv")
    assert sftp.known_hosts == settings.home / "known"
    assert s3.secret_kinds == {"key", "secret"}
    assert sftp.place == "sftp://me@x.example/in/*.csv"


def test_the_day_in_a_name_is_manilas(settings: Settings) -> None:
    (feed,) = read(settings, WEB + "name = 'measures_{date}.csv'\n")
    assert feed.file_name(datetime(2026, 2, 1, 15, 59, tzinfo=UTC)) == "measures_20260201.csv"
    assert feed.file_name(datetime(2026, 2, 1, 16, 0, tzinfo=UTC)) == "measures_20260202.csv"


def test_a_name_is_unquoted_from_the_address(settings: Settings) -> None:
    (feed,) = read(settings, WEB.replace("measures_20260126", "Las%20Pi%C3%B1as"))
    assert feed.file_name(datetime(2026, 2, 1, tzinfo=UTC)) == "Las Piñas.csv"


def test_a_long_address_is_kept_short_and_its_own(settings: Settings) -> None:
    long = "x" * 500
    first, second = read(
        settings,
        WEB.replace("x.example/", f"x.example/{long}/1/"),
        WEB.replace("x.example/", f"x.example/{long}/2/"),
    )
    assert len(first.place) <= LONGEST_PLACE
    assert first.place != second.place


def test_a_secret_is_read_when_it_is_needed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = read(
        settings,
        WEB + "token_env = 'DOH_FEED_TOKEN'\n",
        WEB.replace("126", "127") + "token_file = 'token'\n",
        WEB.replace("126", "128"),
    )
    with pytest.raises(ConfigError, match="token_env names 'DOH_FEED_TOKEN', which is empty or"):
        one.secret("token")
    with pytest.raises(ConfigError, match=r"token_file names '.*token', which cannot be read"):
        two.secret("token")
    monkeypatch.setenv("DOH_FEED_TOKEN", " abc\n")
    (settings.home / "token").write_text("def\n", encoding="utf-8")
    assert (one.secret("token"), two.secret("token"), three.secret("token")) == ("abc", "def", "")
    assert "abc" not in repr(one)


def test_the_example_of_the_documents_is_right(settings: Settings) -> None:
    text = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    example = text.partition("```toml\n")[2].partition("```")[0]
    settings.home.mkdir()
    (settings.home / "feeds.toml").write_text(example, encoding="utf-8")
    assert [feed.parts.scheme for feed in read_feeds(settings)] == ["https", "s3", "sftp"]
