"""An agency's receiver: takes webhooks, checks their signature, prints them, and may hand them on.

    python3 -m campaign listen --secret whsec_… --port 9000
    python3 -m campaign listen --secret whsec_… --forward http://127.0.0.1:3000/hooks

Behind a firewall it fetches the same events itself, with a key of the agency:

    python3 -m campaign listen --fetch http://127.0.0.1:8000 --key KEY --forward http://127.0.0.1:3000/hooks

With --secret what is fetched is signed again as it is handed on, so that the receiver behind can verify it.
"""

import argparse
import os
from urllib.parse import urlsplit


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000, help="0 for a free one (default 9000)")
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        help="whsec_… of the endpoint; twice while rotating; else CAMPAIGN_WEBHOOK_SECRET",
    )
    parser.add_argument(
        "--forward", metavar="URL", help="hand each good request on, headers and bytes as they came"
    )
    parser.add_argument(
        "--fetch", metavar="URL", help="ask this installation for events instead of listening"
    )
    parser.add_argument("--key", default="", help="API key for --fetch; else CAMPAIGN_KEY")
    parser.add_argument("--after", help="cursor to go on from with --fetch")
    parser.add_argument("--count", type=int, default=0, help="end after so many events (default: never)")
    parser.add_argument("--json", action="store_true", help="print one object a line")


def run(options: argparse.Namespace) -> int:
    """Until Ctrl-C, or until --count events came."""
    from campaign.cli.faults import CommandFault
    from campaign.cli.receiving import Printer, fetch, serve
    from campaign.kit.signing import key_of

    printer = Printer(as_json=options.json, count=options.count)
    secrets = options.secret or list(filter(None, [os.environ.get("CAMPAIGN_WEBHOOK_SECRET")]))
    try:
        checked = [secret for secret in secrets if key_of(secret)]
    except ValueError:
        raise CommandFault(
            "a secret (--secret, CAMPAIGN_WEBHOOK_SECRET) looks like whsec_ and base64"
        ) from None
    for option, url in (("--forward", options.forward), ("--fetch", options.fetch)):
        if url is not None and not _is_address(url):
            raise CommandFault(f"{option} needs an address such as http://127.0.0.1:3000/hooks, not {url!r}")
    if options.fetch:
        key = options.key or os.environ.get("CAMPAIGN_KEY", "")
        if not key:
            raise CommandFault("--fetch needs --key or CAMPAIGN_KEY")
        if not (key.isascii() and key.isprintable()):
            raise CommandFault("--key (or CAMPAIGN_KEY) is no API key: it has characters that none has")
        address = options.fetch.rstrip("/")
        return fetch(address, key, options.after, printer, secrets=checked, forward=options.forward)
    if not checked:
        raise CommandFault("--secret or CAMPAIGN_WEBHOOK_SECRET is needed to verify what comes")
    return serve(options.host, options.port, checked, options.forward, printer)


def _is_address(url: str) -> bool:
    """Whether it can be called as it stands: http or https, a host, nothing that a request line cannot hold."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc
    return plain and parts.scheme in ("http", "https") and bool(host)
