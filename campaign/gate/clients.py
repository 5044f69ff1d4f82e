"""The address that a request comes from, also where it came through proxies of our own."""

import ipaddress

from flask import request

from campaign.gate.current import parts
from campaign.kit.addresses import Address


def client_address() -> Address | None:
    """Whoever the outermost of our proxies (settings.trusted_proxies) heard; without one, whoever connected.

    Read from the right: what stands further left in X-Forwarded-For is whatever the client wrote. None: no address.
    """
    trusted = parts().settings.trusted_proxies
    address = _read(request.remote_addr or "")
    hops = ",".join(request.headers.getlist("X-Forwarded-For")).split(",")
    while hops and address is not None and any(address in network for network in trusted):
        heard = _read(hops.pop())
        if heard is None:
            break
        address = heard
    return address


def client_key() -> str:
    """The same for counting how often somebody knocks."""
    return str(client_address() or "unknown")


def _read(written: str) -> Address | None:
    try:
        address = ipaddress.ip_address(written.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
