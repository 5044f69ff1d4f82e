"""One filled database with the means to ask it: each method gives a call whose time is taken."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg
from flask.testing import FlaskClient

from bench import calendar, rivals
from bench.grounds import Grounds
from bench.serving import KEY
from campaign.accounts.actions import Scope, create_key
from campaign.app import create_app
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.schedule import booking, claims
from campaign.schedule.schemas import SessionIn
from campaign.schedule.slots import free_slots
from campaign.schedule.spans import Span, Wanted
from campaign.wiring import wire
from config.settings import load

HUB = Actor(kind="user", role="hub", hub_role="manager", id=1, name="bench")
YEARS_BACK = timedelta(days=5 * 365)

Timed = Callable[[], object]


class Side:
    """A database, its calendar, and our actions and their rivals upon it."""

    def __init__(self, url: str, database: Database, client: FlaskClient, key: str) -> None:
        self.database = database
        self.calendar = calendar.calendar(url)
        self.plain = psycopg.connect(url)
        self._client, self._headers = client, {"Authorization": f"Bearer {key}"}
        self._used = iter(range(calendar.FITTING))

    def next_booking(self) -> SessionIn:
        """A booking that fits, another each time."""
        return SessionIn.model_validate(self.calendar.booking(next(self._used)))

    def book(self) -> Timed:
        """A booking through the action, as the hub's user under row-level security, committed to the disk."""
        given = self.next_booking()

        def timed() -> None:
            with self.database.transaction(HUB) as db:
                booking.book(db, HUB, given)

        return timed

    def locked(self) -> Timed:
        """The same action, its claims taken under an advisory lock instead of by the constraint."""
        timed = self.book()

        def instead() -> None:
            with _replaced(claims, "take", rivals.take_under_lock):
                timed()

        return instead

    def place(self) -> Timed:
        """The statements that make a place ours and nothing else: the session's row, its claim, the commit."""
        given = self.next_booking()
        wanted = [Wanted("studio", given.studio_id, Span(given.starts_at, given.ends_at))]
        return partial(rivals.place_by_claim, self.plain, wanted[0])

    def indico(self) -> Timed:
        """The statements of Indico for the same."""
        given = self.next_booking()
        return partial(rivals.book_as_indico, self.plain, given.studio_id, given.starts_at, given.ends_at)

    def indico_back(self) -> Timed:
        """Indico's, at a place in the calendar's middle: a record that is completed later."""
        given = self.next_booking()
        starts_at, ends_at = given.starts_at - YEARS_BACK, given.ends_at - YEARS_BACK
        return partial(rivals.book_as_indico, self.plain, given.studio_id, starts_at, ends_at, judge=False)

    def slots(self) -> Timed:
        """Free slots of three hours next week, in ten studios, for one host."""
        ids, from_at = self.calendar.ids, self._week()[0]

        def timed() -> None:
            with self.database.transaction(HUB, readonly=True) as db:
                found = free_slots(
                    db, HUB, from_at, from_at + timedelta(days=7), 180,
                    studio_ids=ids["studio"][:10], host_ids=ids["host"][:1],
                )  # fmt: skip
            if not found:
                raise RuntimeError("no slot found: nothing was measured")

        return timed

    def week(self) -> Timed:
        """The week of all studios as JSON, over the API."""
        from_at, to_at = self._week()
        query = {"from": from_at.isoformat(), "to": to_at.isoformat()}

        def timed() -> None:
            answer = self._client.get("/api/v1/board", query_string=query, headers=self._headers)
            if answer.data.count(b'"ses_') < 7 * calendar.A_DAY:
                raise RuntimeError(f"the week is short of sessions: {answer.data[:200]!r}")

        return timed

    def post(self) -> Timed:
        """A booking over the API: identity, reading the body and writing the answer with it."""
        body = self.calendar.body(next(self._used))

        def timed() -> None:
            answer = self._client.post("/api/v1/sessions", json=body, headers=self._headers)
            if answer.status_code != 201:
                raise RuntimeError(f"not booked: {answer.data[:300]!r}")

        return timed

    def _week(self) -> tuple[datetime, datetime]:
        from_at = self.calendar.today + timedelta(days=1)
        return from_at, from_at + timedelta(days=7)


@contextmanager
def side(grounds: Grounds, url: str) -> Iterator[Side]:
    """The application on a filled database, as it is wired when it serves."""
    parts = wire(
        load({"DATABASE_URL": url, "REDIS_URL": grounds.redis_url, "CAMPAIGN_SECRET_KEY": KEY}), nudges=False
    )
    with parts.database.transaction(SYSTEM) as db:
        scope = Scope("hub", None, None, None, "manager")
        made = create_key(db, SYSTEM, secret_key=KEY.encode(), name=f"bench {uuid.uuid4()}", scope=scope)
    opened = Side(url, parts.database, create_app(parts).test_client(), made.key)
    try:
        yield opened
    finally:
        opened.plain.close()
        parts.database.dispose()
        parts.redis.close()


@contextmanager
def _replaced(module: Any, name: str, other: Any) -> Iterator[None]:
    kept = getattr(module, name)
    setattr(module, name, other)
    try:
        yield
    finally:
        setattr(module, name, kept)
