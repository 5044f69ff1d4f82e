"""The board over HTTP, by the server that serves it: the week of 50 studios as JSON, the pages of a day and a week."""

import http.client
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from urllib.parse import quote

from bench import calendar
from bench.figures import Figure, anchor, percentile
from bench.grounds import Grounds
from bench.rounds import Times
from bench.serving import KEY, served
from campaign.accounts.actions import Scope, create_key, create_user
from campaign.accounts.sign_ins import sign_in
from campaign.gate.identity import COOKIE
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database

NAME = "board"
SIZES = {True: 1_000_000, False: 12_000}
_COUNTS = {True: 20, False: 1}
_PASSWORD = "a-password-for-benches"


def run(grounds: Grounds) -> Iterator[Figure]:
    """No bars: anchors of this machine."""
    url = grounds.database("many", partial(calendar.fill, sessions=SIZES[grounds.full]))
    times = Times()
    with _reading(grounds, url) as read:
        day = calendar.calendar(url).today + timedelta(days=8)
        week = f"from={quote(day.isoformat())}&to={quote((day + timedelta(days=7)).isoformat())}"
        paths = {
            "week JSON": f"/api/v1/board?{week}",
            "day page": f"/hub/board?day={day.date()}&rows=24",
            "week page": f"/hub/board?day={day.date()}&view=week",
        }
        kinds = {kind: partial(partial, read, path) for kind, path in paths.items()}
        times.take(kinds, rounds=grounds.rounds, count=_COUNTS[grounds.full])
    aims = {"week JSON": "50 ms", "day page": "200 ms", "week page": "200 ms"}
    for kind, aim in aims.items():
        yield anchor(NAME, f"{kind} over HTTP p50", percentile(times.every(kind), 0.5), "ms")
        yield anchor(NAME, f"{kind} over HTTP p95", percentile(times.every(kind), 0.95), "ms", aim=aim)


@contextmanager
def _reading(grounds: Grounds, url: str) -> Iterator[Callable[[str], bytes]]:
    """A reader of paths as a signed-in scheduler, over one kept connection."""
    headers = _headers(url)
    with served(grounds, url) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        yield partial(_read, connection, headers)
        connection.close()


def _headers(url: str) -> dict[str, dict[str, str]]:
    """Path's first part → headers: the API takes a key alone, pages a cookie."""
    database = Database.connect(url, pool_size=1)
    scope = Scope("hub", None, None, None, "manager")
    email = f"{uuid.uuid4()}@bench.test"
    with database.transaction(SYSTEM) as db:
        create_user(db, SYSTEM, email=email, name="Bench", password=_PASSWORD, scope=scope)
        key = create_key(db, SYSTEM, secret_key=KEY.encode(), name=email, scope=scope).key
    with database.transaction(SYSTEM) as db:
        token = sign_in(db, email, _PASSWORD)
    database.dispose()
    return {"api": {"Authorization": f"Bearer {key}"}, "hub": {"Cookie": f"{COOKIE}={token}"}}


def _read(connection: http.client.HTTPConnection, headers: dict[str, dict[str, str]], path: str) -> bytes:
    connection.request("GET", path, headers=headers[path.split("/")[1]])
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200 or body.count(b"ses_") < calendar.A_DAY:
        raise RuntimeError(f"{path}: {answer.status}, {body[:200]!r}")
    return body
