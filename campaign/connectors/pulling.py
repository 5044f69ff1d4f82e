"""Asking platforms: what changed, and the detail of what a push only hinted at.

Claim, call, note: no transaction is open during a call. What an answer told and that it was asked for are written
in one transaction, so a kill at any point leaves the ask, and asking again changes nothing.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from campaign.accounts import actions
from campaign.accounts.models import Connector
from campaign.connectors import turns
from campaign.connectors.details import LARGEST_ANSWER, Access, Api, Listed, Reason, Request, Told, Trouble
from campaign.connectors.platforms import PLATFORMS, credentials_of
from campaign.connectors.protocol import Credentials
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.calling import Caller
from campaign.kit.database import Database
from campaign.kit.outgoing import Answer, Guard
from campaign.parties.models import Shop
from campaign.sales import asks, seen, shops
from campaign.sales.asks import Subject, Waiting
from campaign.sales.ingest import Source, ingest
from campaign.sales.seen import Seen
from campaign.sales.submissions import Submission

log = structlog.get_logger(__name__)

Read = TypeVar("Read")

SUBJECTS: tuple[Subject, ...] = ("order", "aftersale")
_MOST_CALLS = 40
_TURN_SECONDS = 30.0
"""Of one turn: the next account is not to wait for ever, and the lease outlives it."""

_OF_ONE_LISTING: tuple[Reason, ...] = ("refused", "unreadable", "not_there")

_FRESH = timedelta(minutes=5)
_TRIED_SPAN = timedelta(minutes=1)


@dataclass(frozen=True)
class Asking:
    """What pulling needs of the process."""

    database: Database
    secret_key: bytes
    guard: Guard


def pull(asking: Asking, connector_id: int) -> int:
    """One turn of an account; gives how many orders and cases were told. What fails is noted, not raised."""
    with asking.database.transaction(SYSTEM) as db:
        turn = turns.begin(db, SYSTEM, connector_id)
    if turn is None:
        return 0
    try:
        with Caller(asking.guard, most=LARGEST_ANSWER) as caller:
            account = _Account(asking, turn, caller)
            if turn.test_asked:
                account.test()
            return account.pull()
    except Trouble as trouble:
        log.warning("pull_failed", connector_id=connector_id, reason=trouble.reason, said=trouble.said)
        with asking.database.transaction(SYSTEM) as db:
            turns.note_trouble(db, SYSTEM, connector_id, trouble)
        return 0
    except OperationalError:
        raise  # the database is away: nothing is wrong with the account
    except Exception:
        # A fault of ours must not ask a platform again and again: the account pauses as after any other.
        with asking.database.transaction(SYSTEM) as db:
            turns.note_trouble(db, SYSTEM, connector_id, Trouble("failed"))
        raise
    finally:
        with asking.database.transaction(SYSTEM) as db:
            turns.end(db, SYSTEM, connector_id)


class _Account:
    """One account within its turn."""

    def __init__(self, asking: Asking, turn: turns.Turn, caller: Caller) -> None:
        self._asking = asking
        self._turn = turn
        self._caller = caller
        self._calls = 0
        self._is_locked_out = False
        self._ends_at = time.monotonic() + _TURN_SECONDS
        with asking.database.transaction(SYSTEM, readonly=True) as db:
            connector = db.get_one(Connector, turn.connector_id)
            self._now = clock.now(db)
            platform = PLATFORMS[connector.kind]
            self._actor = Actor(
                kind="key",
                role="connector",
                name=connector.name,
                connector_id=connector.id,
                shop_ids=tuple(connector.shop_ids),
            )
            own = db.get(Shop, connector.shop_ids[0]) if len(connector.shop_ids) == 1 else None
            self._own_shop = own.external_id if own is not None else None
            (newest, *_) = credentials_of(connector, secret_key=asking.secret_key, now=self._now)
        if platform.api is None:
            raise Trouble("refused", "no interface")
        self._kind = platform.kind
        self._api: Api = platform.api
        self._access = Access(newest, turn.base_url)

    def test(self) -> None:
        """Whether the platform answers these credentials; what came of it is kept for the page."""
        trouble: Trouble | None = None
        try:
            self._list("order", (self._now - _TRIED_SPAN, self._now), None)
        except Trouble as found:
            trouble = found
        with self._asking.database.transaction(SYSTEM) as db:
            turns.note_tested(db, SYSTEM, self._turn.connector_id, trouble)

    def pull(self) -> int:
        """What changed, where it is time; then details, as many as a turn may ask for; then how far that goes."""
        try:
            untold = self._list_all()
            told = self._tell_all()
            if untold:
                raise untold
            return told
        finally:
            with self._asking.database.transaction(SYSTEM) as db:
                shops.note_complete(db, asks.complete(db, self._turn.connector_id))

    def _tell_all(self) -> int:
        told = 0
        while self._has_time():
            some = sum(self._tell(subject) for subject in SUBJECTS)
            if not some:
                break
            told += some
        return told

    def _has_time(self) -> bool:
        return self._calls < _MOST_CALLS and time.monotonic() < self._ends_at

    def _list_all(self) -> Trouble | None:
        """What is to be listed, a page of each in turn, so that many of one keep none of the other waiting.

        Gives why one could not be: an account that may list orders alone goes on with them.
        """
        untold: Trouble | None = None
        left = {subject: span for subject, span in self._turn.spans.items() if span.lists_now(self._now)}
        while left and self._has_time():
            for subject, span in list(left.items()):
                try:
                    following = self._list_page(subject, span)
                except Trouble as trouble:
                    if trouble.reason not in _OF_ONE_LISTING or self._is_locked_out:
                        raise
                    untold, following = untold or trouble, None
                if following is None:
                    del left[subject]
                else:
                    left[subject] = following
        return untold

    def _list_page(self, subject: Subject, span: turns.Span) -> turns.Span | None:
        """A page, kept with what it named, so that a kill goes on from there; gives what is left of the span."""
        until = span.until or self._now
        found = self._list(subject, (span.since, until), span.page)
        connector_id = self._turn.connector_id
        with self._asking.database.transaction(SYSTEM) as db:
            some = [replace(ask, changed_at=ask.changed_at or span.since) for ask in found.asks]
            asks.want(db, [(connector_id, ask) for ask in some], clock.now(db))
            turns.keep_page(db, connector_id, subject, until, found.next_page)
            turns.note_well(db, SYSTEM, connector_id)
        return replace(span, until=until, page=found.next_page) if found.next_page else None

    def _list(self, subject: Subject, span: tuple[datetime, datetime], page: str | None) -> Listed:
        return self._call(
            lambda access: self._api.list_changed(access, subject, span, page, self._now),
            lambda answer: self._api.read_changed(subject, answer.status or 0, answer.body, page),
        )

    def _tell(self, subject: Subject) -> int:
        """Ask for what is due of a subject, as many as one request takes; gives how many were asked for."""
        with self._asking.database.transaction(SYSTEM, readonly=True) as db:
            due = asks.due(db, self._turn.connector_id, subject, self._api.most[subject], clock.now(db))
        if due:
            self._ask(subject, due)
        return len(due)

    def _ask(self, subject: Subject, due: Sequence[Waiting]) -> None:
        refs = [one.ask.ref for one in due]
        try:
            found = self._call(
                lambda access: self._api.ask(access, subject, refs, self._now),
                lambda answer: self._api.read(subject, answer.status or 0, answer.body),
            )
        except Trouble as trouble:
            if trouble.reason not in ("unreadable", "not_there"):
                raise
            if len(due) > 1:
                # One that cannot be read must not keep the others waiting.
                for one in due:
                    self._ask(subject, [one])
                return
            with self._asking.database.transaction(SYSTEM) as db:
                self._fail(db, due[0], trouble.reason, trouble.said)
            return
        with self._asking.database.transaction(SYSTEM) as db:
            self._keep(db, due, found)
            turns.note_well(db, SYSTEM, self._turn.connector_id)

    def _keep(self, db: Session, due: Sequence[Waiting], found: dict[str, list[Told]]) -> None:
        """Details and the end of their asks, together. What is not taken in stays asked for, and is shown."""
        told: list[tuple[Submission, Waiting]] = []
        failed: dict[Waiting, Trouble] = {}
        for one in due:
            try:
                told += [(given, one) for given in self._submissions(db, one, found.get(one.ask.ref))]
            except Trouble as trouble:
                failed[one] = trouble
        # Ascending by line: the order in which every writer takes its locks.
        told.sort(key=lambda pair: (pair[0].line_id or "", pair[0].refund_id or ""))
        for index, (given, _) in enumerate(told):
            given.index = index
        outcome = ingest(
            db, self._actor, [given for given, _ in told], Source("detail", self._turn.connector_id)
        )
        for refused in outcome.rejected:
            # A contradiction is kept and shown by itself; of another account's shop nothing was kept.
            if refused.code == "out_of_scope":
                failed[told[refused.index][1]] = Trouble("no_shop", told[refused.index][0].shop_ref)
        for one, why in failed.items():
            self._fail(db, one, why.reason, why.said)
        asks.done(db, self._turn.connector_id, [one for one in due if one not in failed])
        now = clock.now(db)
        if told:
            newest = max(given.occurred_at for given, _ in told)
            seen.note(db, [Seen(self._turn.connector_id, newest)], now)

    def _submissions(self, db: Session, one: Waiting, lines: Sequence[Told] | None) -> list[Submission]:
        """What a detail tells, as events. Raises Trouble where that cannot be kept."""
        if lines is None:
            raise Trouble("not_there")
        made = []
        for line in lines:
            shop_ref = line.shop_ref or one.ask.shop_ref or self._own_shop
            if shop_ref is None and line.refund_id is not None:
                # A listing of cases names no shop. A platform gives its tokens shop by shop.
                shop_ref = shops.told_by(db, self._turn.connector_id, line.line_id)
            if shop_ref is None:
                raise Trouble("no_shop")
            made.append(line.submission(0, self._kind, shop_ref))
        return made

    def _fail(self, db: Session, one: Waiting, reason: str, said: str) -> None:
        log.warning("detail_failed", connector_id=self._turn.connector_id, ref=one.ask.ref, reason=reason)
        asks.failed(db, self._turn.connector_id, one, f"{reason} {said}".strip(), clock.now(db))

    def _call(self, make: Callable[[Access], Request], read: Callable[[Answer], Read]) -> Read:
        """Ask and read; with new tokens where the old ones have ended."""
        given = self._access.credentials
        if given.refresh_token and given.ends_before(self._now + _FRESH):
            self._refresh()
        try:
            return read(self._post(make(self._access)))
        except Trouble as trouble:
            if trouble.reason != "token" or not self._access.credentials.refresh_token:
                raise
        self._refresh()
        return read(self._post(make(self._access)))

    def _post(self, request: Request) -> Answer:
        self._calls += 1
        answer = self._caller.call(request.method, request.url, request.headers, request.body)
        if answer.status is None or answer.error is not None:
            raise Trouble("away", answer.error or "")
        if answer.status == 429:
            raise Trouble("rate", "429", answer.retry_after)
        return answer

    def _refresh(self) -> None:
        """New tokens, kept before they are used; those that a person gave meanwhile win."""
        used = self._access.credentials
        self._is_locked_out = True
        answer = self._post(self._api.refresh(self._access, self._now))
        tokens = self._api.read_tokens(answer.status or 0, answer.body, self._now)
        self._is_locked_out = False
        renewed = replace(
            used,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            token_until=tokens.until.isoformat(),
        )
        secret_key = self._asking.secret_key
        with self._asking.database.transaction(SYSTEM) as db:
            connector = db.get_one(Connector, self._turn.connector_id, with_for_update=True)
            kept = Credentials(**json.loads(actions.newest_secret(connector, secret_key=secret_key)))
            # A path made anew meanwhile is none of the platform's tokens: both are kept.
            if replace(kept, path_token=used.path_token) == used:
                renewed = replace(renewed, path_token=kept.path_token)
                actions.renew_secret(db, connector, secret_key=secret_key, secret=json.dumps(asdict(renewed)))
                kept = renewed
        log.info("tokens_renewed", connector_id=self._turn.connector_id)
        self._access = Access(kept, self._turn.base_url)
