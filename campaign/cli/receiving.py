"""What `listen` does: serve, or fetch; verify, print, hand on."""

import http.client
import json
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from campaign.cli.faults import CommandFault
from campaign.kit.numbers import whole
from campaign.kit.retry_after import seconds_of
from campaign.kit.signing import BadSignature, signed_headers, verify

LARGEST_BODY = 64 * 1024
_WAIT_SECONDS = 20
_COME_BACK_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 60.0
_LATER = (429, 502, 503, 504)
_NO_ANSWER = (OSError, http.client.HTTPException)
"""Nobody there, or what came is no HTTP, or not all of it."""
_HANDED_ON = ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type")


class Printer:
    """Prints events as they come, and counts them."""

    def __init__(self, *, as_json: bool, count: int) -> None:
        self._as_json = as_json
        self._left = count
        self._lock = threading.Lock()
        self.done = threading.Event()

    def good(self, event_id: str, event: dict[str, Any]) -> None:
        if self._as_json:
            self._print(json.dumps({"id": event_id} | event, ensure_ascii=False))
        else:
            self._print(f"{event.get('timestamp', '')}  {event.get('type', '')}  {event_id}  {_gist(event)}")
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.done.set()

    def bad(self, why: str) -> None:
        sys.stderr.write(f"refused: {why}\n")

    def note(self, what: str) -> None:
        sys.stderr.write(f"note: {what}\n")

    def _print(self, line: str) -> None:
        with self._lock:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def _gist(event: dict[str, Any]) -> str:
    data = _parts(event, "data")
    session = _parts(data, "session")
    parts = [data.get("session_id"), f"#{data['seq']}" if data.get("seq") else None]
    parts += [session.get("title"), session.get("state"), session.get("starts_at")]
    return " ".join(str(part) for part in parts if part)


def _parts(of: dict[str, Any], name: str) -> dict[str, Any]:
    """A part that has parts; none where it is missing or something else."""
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def serve(host: str, port: int, secrets: list[str], forward: str | None, printer: Printer) -> int:
    """Listen until Ctrl-C or until the printer has had enough."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 15

        def do_POST(self) -> None:
            status = _take(self, secrets, forward, printer)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """The printer tells what matters."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise CommandFault(f"cannot listen on {host}:{port} (--host, --port): {why}") from error
    # The last answer must be out before we end, or it would be sent to us again.
    server.daemon_threads = False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stderr.write(f"listening http://{host}:{server.server_address[1]}\n")
    sys.stderr.flush()
    try:
        printer.done.wait()
    finally:
        server.shutdown()
        server.server_close()
    return 0


def _take(request: BaseHTTPRequestHandler, secrets: list[str], forward: str | None, printer: Printer) -> int:
    """Verify one request and hand it on; gives the status to answer with."""
    length = whole(request.headers.get("Content-Length"), 12)
    if length is None or length > LARGEST_BODY:
        request.close_connection = True
        return 413
    body = request.rfile.read(length)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        event_id = verify(secrets, headers, body, datetime.now(UTC))
    except BadSignature:
        printer.bad(f"not signed with this secret, or its time is off (from {request.client_address[0]})")
        return 401
    event = _event_in(body)
    if event is None:
        printer.bad(f"signed, and no event: {body[:80]!r}")
        return 422
    status = _hand_on(forward, headers, body) if forward else 204
    if status >= 300:
        # Our sender tries again until the one behind us takes it.
        printer.bad(f"{forward} answered {status}")
        return status
    printer.good(event_id, event)
    return status


def _event_in(body: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _hand_on(url: str, headers: dict[str, str], body: bytes) -> int:
    kept = {name: headers[name] for name in _HANDED_ON if name in headers}
    request = urllib.request.Request(url, data=body, headers=kept, method="POST")  # noqa: S310 - the user's own URL
    try:
        with _opener().open(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except _NO_ANSWER:
        return 502


def _opener() -> urllib.request.OpenerDirector:
    """HTTP as it is asked for: no proxy of the environment, and no redirect, which would make a GET of a POST.

    A 3xx is a failure to our sender too: it tries again.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


class _Later(Exception):
    """Not now; when asked again, after so many seconds, it may well answer. `reached`: it said so itself."""

    def __init__(self, why: str, *, reached: bool = False, seconds: float = _COME_BACK_SECONDS) -> None:
        super().__init__(why)
        self.reached, self.seconds = reached, seconds


def fetch(
    base_url: str,
    key: str,
    after: str | None,
    printer: Printer,
    *,
    secrets: list[str],
    forward: str | None,
) -> int:
    """Ask for events again and again, going on where the last answer ended; with `forward` each is handed on.

    At the end the cursor to go on with is told: that of the last page which was taken whole.
    """
    try:
        for event_id, event, cursor in _events(base_url, key, after, printer):
            if event_id is not None:
                if forward:
                    _hand_on_until_taken(forward, secrets, event_id, event, printer)
                printer.good(event_id, event)
            else:
                after = cursor
            if printer.done.is_set():
                break
    finally:
        if after:
            printer.note(f"go on with --after {after}")
    return 0


def _events(
    base_url: str, key: str, after: str | None, printer: Printer
) -> Iterator[tuple[str | None, dict[str, Any], str]]:
    """Each event with its id; after those of a page nothing, with the page's cursor."""
    reached = False
    while True:
        try:
            page = _page(base_url, key, after)
        except _Later as error:
            reached = reached or error.reached
            if not reached:
                raise CommandFault(str(error)) from error
            # It is busy or being started again: the cursor stays, so nothing is missed.
            if error.reached:
                printer.note(f"{error}, asked again in {error.seconds:g} s")
            time.sleep(error.seconds)
            continue
        reached = True
        after = page["next_cursor"]
        if page.get("forgotten"):
            printer.note(
                "the cursor is older than events are kept, some may be gone: see /sessions?updated_since="
            )
        for event in page["items"]:
            # The hub is told for whom it was: that is no part of what its agency was sent.
            event.pop("agency_id", None)
            yield event.pop("id"), event, after
        yield None, {}, after


def _hand_on_until_taken(
    url: str, secrets: list[str], event_id: str, event: dict[str, Any], printer: Printer
) -> None:
    """Hand one event on as the sender would have: with its id, signed where a secret is known, until it is taken."""
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    wait = _COME_BACK_SECONDS
    while True:
        signed = (
            signed_headers(secrets, event_id, int(time.time()), body) if secrets else {"webhook-id": event_id}
        )
        status = _hand_on(url, signed | {"content-type": "application/json"}, body)
        if status < 300:
            return
        # What comes after it waits too: the one behind us gets all of them, in order.
        printer.bad(f"{url} answered {status}")
        time.sleep(wait)
        wait = min(wait * 2, _LONGEST_WAIT_SECONDS)


def _page(base_url: str, key: str, after: str | None) -> dict[str, Any]:
    asked = {"wait": _WAIT_SECONDS} | ({"after": after} if after else {})
    query = f"?{urllib.parse.urlencode(asked)}"
    request = urllib.request.Request(  # noqa: S310 - the user's own URL
        f"{base_url}/api/v1/events{query}", headers={"Authorization": f"Bearer {key}"}
    )
    try:
        with _opener().open(request, timeout=30) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code in _LATER:
            said_at = error.headers.get("Date") or formatdate(usegmt=True)
            told = seconds_of(error.headers.get("Retry-After") or "", said_at) or 0
            seconds = max(_COME_BACK_SECONDS, float(told))
            raise _Later(f"{base_url} answered {error.code}", reached=True, seconds=seconds) from error
        why = _REFUSED.get(error.code, "")
        raise CommandFault(f"{base_url} (--fetch) answered {error.code}{why}") from error
    except _NO_ANSWER as error:
        raise _Later(f"{base_url} (--fetch) cannot be read: {error}") from error
    except (ValueError, RecursionError):
        found = None
    if not _is_page(found):
        raise CommandFault(
            f"{base_url} (--fetch) answers, and not with events: is it an installation's address?"
        )
    page: dict[str, Any] = found
    return page


_REFUSED = {
    401: ": the key (--key, CAMPAIGN_KEY) is not valid there",
    403: ": this key (--key, CAMPAIGN_KEY) may not read events; an agency's may",
    404: ": no events there; an installation's address is like http://HOST:PORT, with nothing behind",
    422: ": --after is no cursor that it gave out",
}


def _is_page(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and isinstance(found.get("next_cursor"), str)
        and isinstance(found.get("items"), list)
        and all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in found["items"])
    )
