"""Where webhooks may be sent to: what a stranger names must not reach what only we can reach."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal
from urllib.parse import urlsplit

Network = Literal["public", "private", "loopback"]
"""How near a receiver may be: on public addresses, on private ones too, or for a try-out on this machine as well."""

Address = IPv4Address | IPv6Address
URL_LIMIT = 2_000
"""Characters of a URL."""


def fault_of(url: str, network: Network) -> str | None:
    """Why nothing may be sent to this URL, in words; None where it may. A name is judged again by its addresses."""
    if len(url) > URL_LIMIT or not url.isascii() or not url.isprintable() or " " in url:
        return f"a URL has at most {URL_LIMIT} printable ASCII characters"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "not a URL"
    if not host:
        return "a URL names a host"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "a receiver's URL holds no user, no password and no fragment"
    if parts.scheme != "https" and not (parts.scheme == "http" and network == "loopback" and _is_here(host)):
        return "must begin with https://"
    address = _address(host)
    if address is not None and not is_allowed(address, network):
        return "must not lead to a private address or to this machine"
    return None


def is_allowed(address: Address, network: Network) -> bool:
    """Whether this installation sends to the address. Link-local ones, where clouds keep their secrets, are never."""
    at = _unwrapped(address)
    if at.is_multicast or at.is_unspecified or at.is_link_local:
        return False
    if at.is_loopback:
        return network == "loopback"
    return at.is_global or network != "public"


def _is_here(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> Address | None:
    """The address that a host is, where it is no name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries, where it does."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address
