"""What agencies' receivers got of the demo's past: the sender's own steps over days that are over, and no call at all.

Fan-out, claims, the table of retries, notes and health are the product's; the answers alone are made up here. In the
end every address is paused or switched off, and all of them are under .example, which no name server knows (RFC 2606):
nothing is ever sent to anybody.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy.orm import Session

from campaign.cli.demo.parties import Cast
from campaign.cli.demo.people import ENDPOINTS, DemoEndpoint
from campaign.delivery import actions
from campaign.delivery.backoff import after_try
from campaign.delivery.models import WebhookEndpoint
from campaign.delivery.moving import settle
from campaign.delivery.schemas import EndpointChange, EndpointIn
from campaign.delivery.sender.claims import ALL_DAYS, Claimed, claim
from campaign.delivery.sender.connection import Connection
from campaign.delivery.sender.fanout import fan_out
from campaign.delivery.sender.notes import Try, note
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.outgoing import TOTAL_SECONDS, Answer
from campaign.sales.telling import tell

_LEASE = 1
_NEWEST = 2
"""So many of what was sent last fail, and wait."""

_LONG_AGO = timedelta(minutes=5)

# Each delivery is due at its event: here all of them are fanned out at once, days later.
_AS_THEY_CAME = "UPDATE webhook_delivery SET next_at = created_at WHERE state = 'pending'"
_COUNTS = "SELECT endpoint_id, count(*) FROM webhook_delivery WHERE state = 'pending' GROUP BY 1"
_NEXT = """
SELECT min(greatest(d.next_at, e.paused_until)) FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
WHERE d.state = 'pending' AND e.state = 'active'
"""


def add_endpoints(db: Session, cast_: Cast, secret_key: bytes) -> dict[int, DemoEndpoint]:
    """The addresses of agencies, from before the first session; gives what each is like, by its id."""
    made = {}
    for one in ENDPOINTS:
        given = EndpointIn(
            url=one.url,
            description=one.description,
            event_types=list(one.event_types),
            agency_id=cast_.agencies[one.agency].id,
        )
        made[actions.add_endpoint(db, SYSTEM, given, secret_key=secret_key, allow=()).endpoint.id] = one
    return made


def deliver(db: Session, endpoints: Mapping[int, DemoEndpoint]) -> int:
    """All that is told by now, sent as it would have been; then every address still in use is paused.

    Gives how many requests were made.
    """
    while tell(db, SYSTEM):
        """Sales, session by session."""
    db.flush()
    now = clock.now(db)
    joined = cast(Connection, _Joined(db))
    post = _Post(joined, endpoints, now)
    with asyncio.Runner() as runner:
        runner.run(post.run())
    for endpoint_id in endpoints:
        endpoint = db.get_one(WebhookEndpoint, endpoint_id, populate_existing=True)
        if endpoint.state == "active":
            actions.change_endpoint(db, SYSTEM, endpoint, EndpointChange(state="paused"), allow=())
        while settle(db, endpoint_id):
            """A batch at a time."""
    return post.tries


class _Post:
    """Goes from one moment at which something is due to the next."""

    def __init__(self, db: Connection, endpoints: Mapping[int, DemoEndpoint], now: datetime) -> None:
        self._db, self._endpoints, self._now = db, endpoints, now
        self._totals: dict[int, int] = {}
        self._places: dict[int, int] = {}
        self._begun: Counter[int] = Counter()
        self.tries = 0

    async def run(self) -> None:
        while (await fan_out(self._db, self._now)).events:
            """A batch at a time."""
        await self._db.execute(_AS_THEY_CAME)
        counts = await (await self._db.execute(_COUNTS)).fetchall()
        self._totals = dict(counts)
        while True:
            found = await (await self._db.execute(_NEXT)).fetchone()
            if found is None or found[0] is None or found[0] > self._now:
                return
            await self._send(found[0])

    async def _send(self, due: datetime) -> None:
        since = (self._now - timedelta(days=ALL_DAYS)).date()
        taken = await claim(self._db, now=due, lease=_LEASE, held={}, since=since)
        tries = [self._try(claimed, target.url, due) for claimed, target in taken]
        await note(self._db, tries, {one.claimed.endpoint_id for one in tries}, due)
        self.tries += len(tries)

    def _try(self, claimed: Claimed, url: str, due: datetime) -> Try:
        if claimed.id not in self._places:
            self._begun[claimed.endpoint_id] += 1
            self._places[claimed.id] = self._begun[claimed.endpoint_id]
        place = self._places[claimed.id]
        receiver = self._endpoints[claimed.endpoint_id]
        left = self._totals[claimed.endpoint_id] - place
        answer = _answer(receiver, place, left, claimed.step, self._now - due)
        at = due + timedelta(milliseconds=answer.took_ms)
        verdict = after_try(
            claimed.step, answer.status, answer.retry_after, at, chance=place * 37 % 100 / 100
        )
        return Try(claimed, url, answer, verdict, at)


def _answer(receiver: DemoEndpoint, place: int, left: int, step: int, ago: timedelta) -> Answer:
    """What the receiver says to try `step` of its delivery number `place`, with `left` to come after it."""
    took_ms = 38 + place * 53 % 190
    if receiver.gone_before is not None and ago < receiver.gone_before:
        return Answer(410, None, b"Gone\n", None, took_ms)
    if receiver.is_steady:
        return Answer(200, None, b'{"ok":true}', None, took_ms)
    if left < _NEWEST:
        return Answer(500, None, b'{"error":"database is read-only"}', None, took_ms)
    if place % 19 == 7:
        text = '{"error":"unknown studio","studio":"走播间"}'
        return Answer(422, None, text.encode(), None, took_ms)
    if place % 11 == 4 and step < 2:
        return Answer(503, None, b"<h1>503 Service Unavailable</h1>", 30, took_ms)
    if place % 13 == 9 and step == 0 and ago > _LONG_AGO:
        return Answer(None, "timeout", b"", None, int(TOTAL_SECONDS * 1000))
    return Answer(200, None, b'{"ok":true}', None, took_ms)


class _Joined:
    """The fill's own transaction, for code that awaits: what that writes stands or falls with the rest."""

    def __init__(self, db: Session) -> None:
        self._connection: Any = db.connection().connection.driver_connection

    async def execute(self, query: str, params: Any = None, *, binary: bool = False) -> "_Found":
        return _Found(self._connection.execute(query, params, binary=binary))

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[None]:
        yield

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        with self._connection.transaction():
            yield


class _Found:
    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    async def fetchone(self) -> Any:
        return self._cursor.fetchone()

    async def fetchall(self) -> Any:
        return self._cursor.fetchall()
