"""Orders and after-sale cases whose detail a platform still has to tell, by the account that may ask for it.

An ask is written with the push that gave rise to it, in its transaction, so that a kill loses none. It is gone when
its detail was taken in; one that was pushed again meanwhile is asked for again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

Subject = Literal["order", "aftersale"]

STEPS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600, 3600, 7200, 14_400))
"""How long an ask that fails by itself waits before the next try; after the last it is parked and shown."""


@dataclass(frozen=True, order=True)
class Ask:
    """One order or case, as the platform numbers it; `shop_ref` the platform's shop and `changed_at` the moment of what
    is to be told, where they were told.
    """

    subject: Subject
    ref: str
    shop_ref: str | None = None
    changed_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Waiting:
    """An ask that is due. `asked` counts how often it was asked for: it must not have grown when it is done."""

    ask: Ask
    asked: int
    attempts: int


_BEFORE = "interval '10 minutes'"
"""Platforms tell of a change within so long: what says no moment of its own is no older than this."""

_WANT = text(
    "INSERT INTO detail_ask (connector_id, subject, ref, shop_ref, asked_at, due_at, changed_at)"
    " SELECT connector_id, subject, ref, max(shop_ref), :now, :now,"
    f" least(min(changed_at), CASE WHEN bool_or(changed_at IS NULL) THEN :now - {_BEFORE} ELSE :now END)"
    " FROM unnest(CAST(:connectors AS bigint[]), CAST(:subjects AS text[]), CAST(:refs AS text[]),"
    " CAST(:shops AS text[]), CAST(:changes AS timestamptz[]))"
    " AS g(connector_id, subject, ref, shop_ref, changed_at) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    " ON CONFLICT (connector_id, subject, ref) DO UPDATE SET asked = detail_ask.asked + 1, attempts = 0,"
    " due_at = least(detail_ask.due_at, excluded.due_at), error = NULL,"
    # Of one that was left a change that comes later is a new one.
    f" changed_at = CASE WHEN detail_ask.left_at IS NULL THEN least(coalesce(detail_ask.changed_at, detail_ask.asked_at"
    f" - {_BEFORE}), excluded.changed_at) ELSE excluded.changed_at END,"
    " left_at = NULL, left_by = NULL, left_reason = NULL,"
    " shop_ref = coalesce(excluded.shop_ref, detail_ask.shop_ref)"
)
_DUE = text(
    "SELECT subject, ref, shop_ref, asked, attempts FROM detail_ask"
    " WHERE connector_id = :connector_id AND subject = :subject AND due_at <= :now ORDER BY due_at, ref LIMIT :most"
)
_DONE = text(
    "DELETE FROM detail_ask a USING unnest(CAST(:subjects AS text[]), CAST(:refs AS text[]),"
    " CAST(:askeds AS integer[])) AS g(subject, ref, asked) WHERE a.connector_id = :connector_id"
    " AND a.subject = g.subject AND a.ref = g.ref AND a.asked = g.asked"
)
_FAILED = text(
    "UPDATE detail_ask SET attempts = attempts + 1, error = :error,"
    " due_at = coalesce(CAST(:due_at AS timestamptz), 'infinity')"
    " WHERE connector_id = :connector_id AND subject = :subject AND ref = :ref AND asked = :asked"
)
_NAMED = (
    " AND (subject, ref) IN (SELECT * FROM unnest(CAST(:subjects AS text[]), CAST(:refs AS text[])))"
    " AND connector_id = :connector_id AND due_at = 'infinity'"
)
_PARKED = " AND connector_id = :connector_id AND due_at = 'infinity' AND left_at IS NULL"
_AGAIN = (
    "UPDATE detail_ask SET attempts = 0, due_at = :now, asked = asked + 1, left_at = NULL, left_by = NULL,"
    " left_reason = NULL WHERE true"
)
_LEAVE = (
    "UPDATE detail_ask SET left_at = :now, left_by = :by, left_reason = :reason WHERE left_at IS NULL{which}"
    " RETURNING subject, ref"
)


def want(db: Session, wanted: Sequence[tuple[int, Ask]], now: datetime) -> None:
    """Ask for the detail of each (connector id, ask); what is asked for already is asked for anew, and as long due."""
    if wanted:
        values = {
            "connectors": [connector_id for connector_id, _ in wanted],
            "subjects": [ask.subject for _, ask in wanted],
            "refs": [ask.ref for _, ask in wanted],
            "shops": [ask.shop_ref for _, ask in wanted],
            "changes": [ask.changed_at for _, ask in wanted],
        }
        db.execute(_WANT, values | {"now": now})


def due(db: Session, connector_id: int, subject: Subject, most: int, now: datetime) -> list[Waiting]:
    """What an account is to ask for now, the longest due first."""
    values = {"connector_id": connector_id, "subject": subject, "most": most, "now": now}
    return [
        Waiting(Ask(row.subject, row.ref, row.shop_ref), row.asked, row.attempts)
        for row in db.execute(_DUE, values)
    ]


def done(db: Session, connector_id: int, answered: Sequence[Waiting]) -> None:
    """Their details were taken in, by this transaction."""
    values = {
        "subjects": [one.ask.subject for one in answered],
        "refs": [one.ask.ref for one in answered],
        "askeds": [one.asked for one in answered],
    }
    db.execute(_DONE, values | {"connector_id": connector_id})


def failed(db: Session, connector_id: int, one: Waiting, error: str, now: datetime) -> None:
    """This one by itself could not be told; tried again later, or parked after the last of STEPS."""
    due_at = now + STEPS[one.attempts] if one.attempts < len(STEPS) else None
    values = {"subject": one.ask.subject, "ref": one.ask.ref, "asked": one.asked}
    db.execute(_FAILED, values | {"connector_id": connector_id, "error": error, "due_at": due_at})


# Of all that is not told, given up or not, but for what a person said to leave: its shop's data lacks it from the
# second on in which it changed.
_COMPLETE = text(
    "SELECT g.shop_id, least(p.listed_through, p.cases_through, (SELECT min(coalesce(a.changed_at,"
    f" a.asked_at - {_BEFORE})) - interval '1 second' FROM detail_ask a WHERE a.connector_id = p.connector_id"
    " AND a.left_at IS NULL AND (a.shop_ref IS NULL OR a.shop_ref = s.external_id))) AS through"
    " FROM shop_progress g JOIN connector_pull p ON p.connector_id = g.asked_by JOIN shop s ON s.id = g.shop_id"
    " WHERE g.asked_by = :connector_id AND p.listed_through IS NOT NULL AND p.cases_through IS NOT NULL"
)


def complete(db: Session, connector_id: int) -> dict[int, datetime]:
    """Of each shop whose orders an account told: up to when nothing is missing that is known of."""
    found = db.execute(_COMPLETE, {"connector_id": connector_id})
    return {row.shop_id: row.through for row in found}


def ask_again(
    db: Session, connector_id: int, now: datetime, named: Sequence[tuple[str, str]] | None = None
) -> int:
    """Take up what was parked, but for what was left; or the (subject, ref) named, left or not. Gives how many."""
    values, which = _which(connector_id, named)
    return db.execute(text(f"{_AGAIN}{which}"), values | {"now": now}).rowcount  # type: ignore[attr-defined, no-any-return]


def leave(
    db: Session,
    connector_id: int,
    now: datetime,
    *,
    by: str,
    reason: str,
    named: Sequence[tuple[str, str]] | None = None,
) -> list[tuple[str, str]]:
    """What was parked, all of it or the (subject, ref) named, is waited for no longer. Gives what that holds for."""
    values, which = _which(connector_id, named)
    found = db.execute(text(_LEAVE.format(which=which)), values | {"now": now, "by": by, "reason": reason})
    return sorted((row.subject, row.ref) for row in found)


def _which(connector_id: int, named: Sequence[tuple[str, str]] | None) -> tuple[dict[str, Any], str]:
    values: dict[str, Any] = {"connector_id": connector_id}
    if named is None:
        return values, _PARKED
    return values | {"subjects": [subject for subject, _ in named], "refs": [ref for _, ref in named]}, _NAMED
