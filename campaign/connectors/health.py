"""How connectors do: when each last told something, what waits, and what went wrong. For people of the hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.accounts.actions import expect
from campaign.accounts.models import Connector
from campaign.audit.actions import note
from campaign.connectors import turns
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.database import after_commit
from campaign.kit.errors import Conflict, FieldError, Invalid, WrongState
from campaign.kit.queue import nudge
from campaign.sales import asks, shops

MOST_TOLD = 100
"""How many of what was left by one press are named in the audit; all are counted."""


@dataclass(frozen=True)
class Health:
    """See the API's HealthOut. complete_to is the earliest of its shops', None where one has told nothing yet."""

    last_event_at: datetime | None
    lag_seconds: int | None
    complete_to: datetime | None
    refused: int
    refused_at: datetime | None
    refused_why: str | None
    refused_lately: bool
    held_back: int
    contradicted: int
    asks_details: bool
    details_waiting: int
    details_oldest_at: datetime | None
    details_given_up: int
    details_left: int
    listed_through: datetime | None
    cases_listed_through: datetime | None
    answered_at: datetime | None
    paused_until: datetime | None
    error: str | None
    error_said: str
    error_at: datetime | None
    test_pending: bool
    tested_at: datetime | None
    test_error: str | None
    test_said: str

    @property
    def is_well(self) -> bool:
        return not (
            self.error
            or self.test_error
            or self.details_given_up
            or self.held_back
            or self.contradicted
            or self.refused_lately
        )


# An account of any shop is shown what is contradicted in all shops that it may feed.
_HEALTH = text("""
SELECT s.last_event_at, CASE WHEN s.told_at IS NOT NULL THEN
       CAST(extract(epoch FROM greatest(s.last_event_at - s.told_at, interval '0')) AS bigint) END AS lag_seconds,
       f.complete_to, coalesce(s.refused, 0) AS refused, s.refused_at, s.refused_why,
       coalesce(s.refused_at > :now - interval '1 day', false) AS refused_lately,
       coalesce(h.held, 0) AS held_back, coalesce(k.conflicts, 0) AS contradicted,
       p.connector_id IS NOT NULL AS asks_details, a.waiting AS details_waiting, a.oldest AS details_oldest_at,
       a.given_up AS details_given_up, a.left_so AS details_left, p.listed_through,
       p.cases_through AS cases_listed_through, p.ok_at AS answered_at,
       CASE WHEN p.paused_until > :now THEN p.paused_until END AS paused_until, p.error,
       coalesce(p.said, '') AS error_said, CASE WHEN p.error IS NOT NULL THEN p.error_at END AS error_at,
       p.test_asked_at IS NOT NULL AS test_pending, p.tested_at, p.test_error,
       coalesce(p.test_said, '') AS test_said
FROM (SELECT CAST(:id AS bigint) AS id, CAST(:shops AS bigint[]) AS shops, CAST(:kind AS text) AS kind) c
LEFT JOIN connector_pull p ON p.connector_id = c.id
LEFT JOIN connector_seen s ON s.connector_id = c.id
CROSS JOIN LATERAL (
    SELECT CASE WHEN count(g.shop_id) = cardinality(c.shops) THEN min(g.complete_through) END AS complete_to
    FROM shop_progress g WHERE g.shop_id = ANY(c.shops)
) f
CROSS JOIN LATERAL (
    SELECT count(*) AS held FROM sale_event e WHERE e.verdict = 'quarantined' AND e.connector_id = c.id
) h
CROSS JOIN LATERAL (
    SELECT count(*) AS conflicts FROM sale_conflict x WHERE x.shop_id = ANY(c.shops) OR cardinality(c.shops) = 0
        AND EXISTS (SELECT FROM shop o WHERE o.id = x.shop_id AND c.kind IN ('push', o.platform))
) k
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE due_at < 'infinity') AS waiting, min(asked_at) FILTER (WHERE due_at < 'infinity')
        AS oldest, count(*) FILTER (WHERE due_at = 'infinity' AND left_at IS NULL) AS given_up,
        count(*) FILTER (WHERE left_at IS NOT NULL) AS left_so
    FROM detail_ask d WHERE d.connector_id = c.id
) a
""")


def of_connector(db: Session, actor: Actor, connector: Connector) -> Health:
    """One connector's state."""
    values = {
        "id": connector.id,
        "shops": connector.shop_ids,
        "kind": connector.kind,
        "now": clock.now(db),
    }
    return Health(**db.execute(_HEALTH, values).mappings().one())


@dataclass(frozen=True)
class GivenUp:
    """An order or case whose detail could not be had, why (of details.Reason), and what was said of it.

    given_up: it is not asked for by itself any more. left_*: who said to leave it, when and why.
    """

    subject: str
    ref: str
    asked_at: datetime
    reason: str
    said: str
    given_up: bool
    left_at: datetime | None
    left_by: str | None
    left_reason: str | None


_GIVEN_UP = text(
    "SELECT subject, ref, asked_at, split_part(error, ' ', 1) AS reason,"
    " substr(error, length(split_part(error, ' ', 1)) + 2) AS said,"
    " due_at = 'infinity' AS given_up, left_at, left_by, left_reason FROM detail_ask"
    " WHERE connector_id = :id AND attempts > 0 AND error IS NOT NULL"
    " ORDER BY left_at IS NOT NULL, due_at < 'infinity', asked_at DESC LIMIT 50"
)


def failing(db: Session, actor: Actor, connector: Connector) -> list[GivenUp]:
    """The newest that failed so far: those that were given up first, those that were left last."""
    return [GivenUp(**row) for row in db.execute(_GIVEN_UP, {"id": connector.id}).mappings()]


def ask_test(db: Session, actor: Actor, connector: Connector, *, expected_rev: int | None = None) -> None:
    """Have its credentials tried. Raises Stale, WrongState where it has none that ask."""
    expect(db, actor, connector, expected_rev)
    if not turns.ask_test(db, actor, connector.id):
        raise WrongState(state="no_token")
    after_commit(db, lambda: nudge("connectors.pull"))


class NothingGivenUp(Conflict):
    """None of it is given up: it came meanwhile, is asked for, or was left already."""

    code = "nothing_given_up"


def ask_again(
    db: Session,
    actor: Actor,
    connector: Connector,
    *,
    named: Sequence[tuple[str, str]] | None = None,
    expected_rev: int | None = None,
) -> int:
    """Take up the details that were given up, or the (subject, ref) named, also those that were left; gives how many.

    Raises Stale, NothingGivenUp where some are named and none can be.
    """
    expect(db, actor, connector, expected_rev)
    count = asks.ask_again(db, connector.id, clock.now(db), named)
    if named is not None and not count:
        raise NothingGivenUp
    after_commit(db, lambda: nudge("connectors.pull"))
    return count


def leave(
    db: Session,
    actor: Actor,
    connector: Connector,
    *,
    reason: str,
    named: Sequence[tuple[str, str]] | None = None,
    expected_rev: int | None = None,
) -> int:
    """Wait no longer for the details that were given up, all of them or those named: complete to goes past them.

    Gives how many. Raises Stale, Invalid without a reason, NothingGivenUp.
    """
    if not reason:
        raise Invalid([FieldError("reason", "missing")])
    expect(db, actor, connector, expected_rev)
    left = asks.leave(db, connector.id, clock.now(db), by=actor.name, reason=reason, named=named)
    if not left:
        raise NothingGivenUp
    shops.note_complete(db, asks.complete(db, connector.id))
    told = {"reason": reason, "count": len(left), "details": [list(one) for one in left[:MOST_TOLD]]}
    note(db, actor, "connector.details_left", "connector", connector.id, told)
    return len(left)
