"""Which machines are asked: one of the internet, or of our own network if the feed says so."""

from __future__ import annotations

import socket

import pytest

from ingest.connect.reach.hosts import checked_addresses, refusal, resolve_host
from kms.errors import ConfigError, FetchError

PUBLIC = ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]
OWN = [
    "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "127.0.0.1",
    "127.9.9.9", "::1", "fc00::1", "fd12:3456::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
    "64:ff9b::a00:1", "fec0::1",
]  # fmt: skip
NEVER = [
    "0.0.0.0", "0.1.2.3",  # noqa: S104  # never bound
    "169.254.169.254", "169.254.0.1", "168.63.129.16", "100.100.100.200",
    "192.0.0.192", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.2.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "::", "fe80::1", "fe80::1%eth0", "ff02::1",
    "fd00:ec2::254", "2001:db8::1", "2002:7f00:1::", "2002:0808:0808::", "2001:0:4136:e378::1",
    "::ffff:169.254.169.254", "::ffff:0.0.0.0", "::127.0.0.1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1", "not an address", "",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_machine_of_the_internet_is_asked(address: str) -> None:
    assert refusal(address, private=False) is None
    assert refusal(address, private=True) is None


@pytest.mark.parametrize("address", OWN)
def test_a_machine_of_our_own_network_only_where_the_feed_says_so(address: str) -> None:
    assert "private = true" in (refusal(address, private=False) or "")
    assert refusal(address, private=True) is None


@pytest.mark.parametrize("address", NEVER)
def test_others_are_never_asked(address: str) -> None:
    assert refusal(address, private=False)
    assert refusal(address, private=True)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "127.0.0.1"])
def test_however_an_address_is_written_what_it_means_is_checked(host: str) -> None:
    with pytest.raises(ConfigError, match=r"stands for 127\.0\.0\.1, an address of a private"):
        checked_addresses("here", host, 443, private=False, resolve=resolve_host)


def test_a_name_without_an_address_says_so() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    def nobody(_host: str, _port: int) -> list[str]:
        return []

    for resolve in (unknown, nobody):
        with pytest.raises(FetchError, match=r"here: the host 'x\.example'"):
            checked_addresses("here", "x.example", 443, private=False, resolve=resolve)


def test_a_name_no_resolver_takes_is_unknown() -> None:
    with pytest.raises(FetchError, match="is not known here"):
        checked_addresses("here", "a" * 70, 443, private=False, resolve=resolve_host)
