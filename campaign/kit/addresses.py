"""Which addresses and URLs the product may call: strict, explicit, no I/O.

`ipaddress.is_global` of Python 3.11 passes NAT64, 6to4, 192.88.99.0/24, fec0::/10, ::127.0.0.1, 3fff::/20,
5f00::/16, multicast and 168.63.129.16, so the list stands here (IANA special-purpose registries, read 2026,
and the clouds' metadata addresses).
"""

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import quote

import idna

from campaign.kit.errors import DomainError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NEVER_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier NAT; a cloud's metadata lives at 100.100.100.200
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's wire server, inside public space
        "169.254.0.0/16",  # link-local and most metadata services
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Of IPv6 only global unicast is in use; what is special within it is taken out again.
_ONLY_V6 = ipaddress.IPv6Network("2000::/3")
_NEVER_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
# Ports of services that are not HTTP receivers and answer text they do not understand. Below 1024 only the
# web's own two are open.
_NEVER_PORTS = frozenset(
    (1433, 1521, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4222, 5432, 5671, 5672, 5900, 5984)
    + (6000, 6379, 6380, 6443, 6667, 8086, 8500, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 15672, 26379)
    + (27017, 27018, 27019, 50070, 61616)
)
_LONGEST_URL = 2048
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[^\s/?#\\@:\[\]]{1,253})(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>[/?][^\s\\#]*)?\Z",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"
)
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z")
_V4 = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})\Z", re.ASCII)
_INWARD_SUFFIXES = (".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet", ".corp")


class Blocked(DomainError):
    """The URL or the address it leads to may not be called. `code` says why (url_…)."""

    status = 422
    code = "url_blocked"


def check_address(address: str, allow: Sequence[Network] = ()) -> None:
    """Raises Blocked unless `address` (text, as the socket will get it) is public or in an allowed range."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError as error:
        raise Blocked("url_address") from error
    if any(found in network for network in allow):
        return
    if isinstance(found, ipaddress.IPv4Address):
        public = not any(found in network for network in _NEVER_V4)
    else:
        public = found in _ONLY_V6 and not any(found in network for network in _NEVER_V6)
    if not public or getattr(found, "scope_id", None):
        raise Blocked("url_address")


def check_url(url: str, allow: Sequence[Network] = ()) -> str:
    """The URL as it will be called: ASCII, lower-case host. Raises Blocked. No look-up is made here.

    Plain http, and names that only mean something inside a network, are for allowed ranges alone.
    """
    match = _URL.match(url) if len(url) <= _LONGEST_URL else None
    if match is None or not all(char.isprintable() for char in url):
        raise Blocked("url_malformed")
    scheme = match["scheme"].lower()
    if scheme == "http" and not allow:
        raise Blocked("url_not_https")
    host = _checked_host(match["host"].lower(), allow)
    port = _checked_port(match["port"])
    # Only what is not ASCII is encoded; what came encoded stays as it is.
    rest = quote(match["rest"] or "/", safe="/?%:@!$&'()*+,;=-._~[]")
    if rest.startswith("?"):
        rest = "/" + rest
    return f"{scheme}://{host}{port}{rest}"


def _checked_host(host: str, allow: Sequence[Network]) -> str:
    if host.startswith("["):
        return _checked_v6(host[1:-1], allow)
    if _V4.match(host):
        check_address(host, allow)
        return host
    name = _as_ascii(host.removesuffix("."))
    # A last label that is a number makes some parsers read the whole as an address (127.1, 0x7f.1).
    if not _NAME.match(name) or _NUMBER.match(name.rpartition(".")[2]):
        raise Blocked("url_host")
    if not allow and ("." not in name or name.endswith(_INWARD_SUFFIXES)):
        raise Blocked("url_host")
    return name


def _checked_v6(literal: str, allow: Sequence[Network]) -> str:
    try:
        address = ipaddress.IPv6Address(literal)
    except ValueError as error:
        raise Blocked("url_host") from error
    check_address(str(address), allow)
    return f"[{address}]"


def _as_ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        # Strict IDNA 2008, no mapping: full-width digits, circled letters and soft hyphens are refused.
        return idna.encode(host, strict=True).decode()
    except idna.IDNAError as error:
        raise Blocked("url_host") from error


def _checked_port(written: str | None) -> str:
    if written is None:
        return ""
    port = int(written)
    if port in (80, 443) or (1024 <= port <= 65535 and port not in _NEVER_PORTS):
        return f":{port}"
    raise Blocked("url_port")
