"""Accounts that are asked: whose turn it is, how far each has come, and what went wrong last.

One worker asks for an account at a time, under a lease: a killed one's account is free again when it runs out, and
goes on where its last transaction left off.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from campaign.connectors.details import Trouble
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.sales.asks import Subject

LEASE = timedelta(seconds=90)
"""Longer than the calls of one turn may take together."""

LISTS_EVERY = timedelta(minutes=5)
LISTS_AGAIN = timedelta(minutes=10)
"""Platforms date a change before they list it: each span begins so much before the last one's end."""

FIRST_LOOK = timedelta(days=1)
FARTHEST_LOOK = timedelta(days=30)
"""An account whose cases were never listed may be an old one: so far they are looked for, and no farther."""
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)


@dataclass(frozen=True)
class Span:
    """What of a subject is to be listed: from `since`; one that was interrupted has its `until` and page."""

    since: datetime
    until: datetime | None
    page: str | None
    listed_through: datetime | None

    def lists_now(self, now: datetime) -> bool:
        return (
            self.until is not None or self.listed_through is None or self.listed_through + LISTS_EVERY <= now
        )


@dataclass(frozen=True)
class Turn:
    """An account's turn. Orders and after-sale cases are listed each by itself."""

    connector_id: int
    base_url: str | None
    spans: Mapping[Subject, Span]
    test_asked: bool


_OPEN = text(
    "INSERT INTO connector_pull (connector_id, base_url, opened_at) VALUES (:id, :base_url, :now)"
    " ON CONFLICT (connector_id) DO UPDATE SET paused_until = NULL, failures = 0,"
    " base_url = CASE WHEN :keeps THEN connector_pull.base_url ELSE excluded.base_url END"
)
# Whoever is busy or pauses is passed over; the order keeps one account from starving the others.
_DUE = text(
    "SELECT p.connector_id FROM connector_pull p JOIN connector c ON c.id = p.connector_id"
    " WHERE c.archived_at IS NULL AND (p.busy_until IS NULL OR p.busy_until <= :now)"
    " AND (p.test_asked_at IS NOT NULL OR ((p.paused_until IS NULL OR p.paused_until <= :now)"
    " AND (p.list_until IS NOT NULL OR p.listed_through IS NULL OR p.listed_through <= :listed"
    " OR p.cases_until IS NOT NULL OR p.cases_through IS NULL OR p.cases_through <= :listed"
    " OR EXISTS (SELECT FROM detail_ask a WHERE a.connector_id = p.connector_id AND a.due_at <= :now))))"
    " ORDER BY p.busy_until NULLS FIRST, p.connector_id"
)
_BEGIN = text(
    "UPDATE connector_pull SET busy_until = :until WHERE connector_id = :id"
    " AND (busy_until IS NULL OR busy_until <= :now)"
    " AND EXISTS (SELECT FROM connector c WHERE c.id = :id AND c.archived_at IS NULL)"
    " RETURNING base_url, opened_at, listed_through, list_until, list_page, cases_through, cases_until, cases_page,"
    " test_asked_at IS NOT NULL AS test_asked"
)
_END = text("UPDATE connector_pull SET busy_until = :now WHERE connector_id = :id")
_KEEP_PAGE: Mapping[Subject, TextClause] = {
    "order": text(
        "UPDATE connector_pull SET list_until = :until, list_page = :page,"
        " listed_through = CASE WHEN CAST(:until AS timestamptz) IS NULL THEN :through ELSE listed_through END"
        " WHERE connector_id = :id"
    ),
    "aftersale": text(
        "UPDATE connector_pull SET cases_until = :until, cases_page = :page,"
        " cases_through = CASE WHEN CAST(:until AS timestamptz) IS NULL THEN :through ELSE cases_through END"
        " WHERE connector_id = :id"
    ),
}
_WELL = text(
    "UPDATE connector_pull SET failures = 0, paused_until = NULL, ok_at = :now, error = NULL, said = ''"
    " WHERE connector_id = :id"
)
_TROUBLED = text(
    "UPDATE connector_pull SET failures = failures + 1, error = :error, said = :said, error_at = :now,"
    " paused_until = :now + least(:longest, greatest(:asked, :first * power(2, least(failures, 10)) * :jitter))"
    " WHERE connector_id = :id"
)
_ASK_TEST = text("UPDATE connector_pull SET test_asked_at = :now WHERE connector_id = :id RETURNING 1")
_TESTED = text(
    "UPDATE connector_pull SET test_asked_at = NULL, tested_at = :now, test_error = :error, test_said = :said"
    " WHERE connector_id = :id"
)


def open_account(
    db: Session, actor: Actor, connector_id: int, base_url: str | None, *, keeps: bool = False
) -> None:
    """Ask for this account from now on; again after its credentials changed, without waiting any longer.

    keeps: where it is asked for already, it is asked at the address that it has.
    """
    values = {"id": connector_id, "base_url": base_url, "keeps": keeps, "now": clock.now(db)}
    db.execute(_OPEN, values)


_ADDRESS = text("SELECT base_url FROM connector_pull WHERE connector_id = :id")


def address_of(db: Session, actor: Actor, connector_id: int) -> str | None:
    """Where an account's platform is asked; None at the platform's own address, or where it is not asked."""
    return db.execute(_ADDRESS, {"id": connector_id}).scalar_one_or_none()


def close_account(db: Session, actor: Actor, connector_id: int) -> None:
    """Ask for it no more; what it was to be asked stays, for when it gets tokens again."""
    db.execute(text("DELETE FROM connector_pull WHERE connector_id = :id"), {"id": connector_id})


def due_accounts(db: Session, actor: Actor) -> Sequence[int]:
    """Accounts with something to ask, the longest waiting first."""
    now = clock.now(db)
    return db.execute(_DUE, {"now": now, "listed": now - LISTS_EVERY}).scalars().all()


def begin(db: Session, actor: Actor, connector_id: int) -> Turn | None:
    """Take an account's turn; None while another has it, or where it is out of use."""
    now = clock.now(db)
    row = db.execute(_BEGIN, {"id": connector_id, "now": now, "until": now + LEASE}).one_or_none()
    if row is None:
        return None
    first = row.opened_at - FIRST_LOOK
    spans: dict[Subject, Span] = {
        "order": _span(row.listed_through, first, row.list_until, row.list_page),
        "aftersale": _span(
            row.cases_through, max(first, now - FARTHEST_LOOK), row.cases_until, row.cases_page
        ),
    }
    return Turn(connector_id, row.base_url, spans, row.test_asked)


def _span(through: datetime | None, first: datetime, until: datetime | None, page: str | None) -> Span:
    return Span(through - LISTS_AGAIN if through else first, until, page, through)


def end(db: Session, actor: Actor, connector_id: int) -> None:
    """Give the turn back."""
    db.execute(_END, {"id": connector_id, "now": clock.now(db)})


def keep_page(db: Session, connector_id: int, subject: Subject, until: datetime, page: str | None) -> None:
    """A page of a subject's listing was kept; without a next one the subject is listed up to `until`."""
    values = {"id": connector_id, "until": until if page else None, "page": page, "through": until}
    db.execute(_KEEP_PAGE[subject], values)


def note_well(db: Session, actor: Actor, connector_id: int) -> None:
    """It answered."""
    db.execute(_WELL, {"id": connector_id, "now": clock.now(db)})


def note_trouble(db: Session, actor: Actor, connector_id: int, trouble: Trouble) -> None:
    """It did not; the account pauses, longer each time, and at least as long as the platform asked for."""
    values = {
        "id": connector_id,
        "now": clock.now(db),
        "error": trouble.reason,
        "said": trouble.said,
        "asked": timedelta(seconds=trouble.wait_seconds or 0),
        "first": _FIRST_WAIT,
        "longest": _LONGEST_WAIT,
        "jitter": 0.8 + 0.4 * random.random(),  # noqa: S311 - so that accounts do not come back together
    }
    db.execute(_TROUBLED, values)


def ask_test(db: Session, actor: Actor, connector_id: int) -> bool:
    """Try the account's credentials soon; False where it has none to ask with."""
    return db.execute(_ASK_TEST, {"id": connector_id, "now": clock.now(db)}).one_or_none() is not None


def note_tested(db: Session, actor: Actor, connector_id: int, trouble: Trouble | None) -> None:
    """What came of it."""
    values = {"error": trouble and trouble.reason, "said": trouble.said if trouble else ""}
    db.execute(_TESTED, values | {"id": connector_id, "now": clock.now(db)})
