"""Which machines may be reached: never a network of our own by accident, nor a cloud's secrets.

Names are resolved once, every answer is checked, and the connection goes to what was checked.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address

from kms.errors import ConfigError, FetchError

Resolve = Callable[[str, int], Sequence[str]]
Address = IPv4Address | IPv6Address
_OWN = tuple(
    map(
        ipaddress.ip_network,
        (
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8",
            "::1/128", "fc00::/7", "fec0::/10",
        ),
    )
)  # fmt: skip
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        # Amazon and most others, Alibaba, Azure, Oracle, Amazon over IPv6.
        ("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"),
    )
)
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # IPv4 behind NAT64
_TUNNELS = tuple(map(ipaddress.ip_network, ("2002::/16", "2001::/32", "64:ff9b:1::/48")))


def resolve_host(host: str, port: int) -> list[str]:
    """Ask the system for a host's addresses; raise `OSError` when it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked_addresses(
    where: str, host: str, port: int, *, private: bool, resolve: Resolve
) -> list[str]:
    """Return the addresses of a host, all of which may be reached.

    Raises
    ------
    ConfigError
        If one of them may not.
    FetchError
        If there are none.
    """
    try:
        found = list(resolve(host, port))
    except (OSError, UnicodeError) as error:
        raise FetchError(
            f"{where}: the host '{host}' is not known here; check its name and this machine's DNS"
        ) from error
    if not found:
        raise FetchError(f"{where}: the host '{host}' has no address; check its name")
    for text in found:
        if (why := refusal(text, private=private)) is not None:
            raise ConfigError(
                f"{where}: the host '{host}' stands for {text}, {why}. Nothing was fetched"
            )
    return found


def refusal(text: str, *, private: bool) -> str | None:
    """Say why an address may not be reached; None if it may."""
    try:
        address = _meant(ipaddress.ip_address(text))
    except ValueError:
        return "which is no address; check this machine's DNS"
    if address is None:
        return "an address of a tunnel, which is never asked"
    if address in _METADATA or address.is_link_local:
        return "an address of this machine's surroundings, which is never asked"
    own = any(address in network for network in _OWN if network.version == address.version)
    if own and not private:
        return (
            "an address of a private network; if the feed is the agency's own, write "
            "private = true beside it in the feeds file"
        )
    if not own and (not address.is_global or address.is_multicast or address.is_reserved):
        return "which is no address of one machine on the internet"
    return None


def _meant(address: Address) -> Address | None:
    """Return the address packets go to at last; None where that depends on a tunnel."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None if any(address in tunnel for tunnel in _TUNNELS) else address
