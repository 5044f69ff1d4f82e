"""One verb for many sessions: each succeeds or fails on its own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.kit.errors import DomainError
from campaign.live import running
from campaign.schedule import answering, closing
from campaign.schedule.views import SessionView


@dataclass(frozen=True)
class Given:
    """What goes with the verb: a reason (decline, cancel), a code (cancel), a deadline (offer)."""

    reason: str = ""
    code: str = "other"
    deadline_at: datetime | None = None


@dataclass(frozen=True)
class Done:
    """What became of one session: its view, or why it was refused."""

    session_id: int
    view: SessionView | None = None
    error: DomainError | None = None


Act = Callable[[Session, Actor, int, Given], SessionView]

VERBS: dict[str, tuple[str, Act]] = {
    "offer": (
        "sessions.plan",
        lambda db, actor, one, given: answering.offer(db, actor, one, deadline_at=given.deadline_at),
    ),
    "confirm": ("sessions.plan", lambda db, actor, one, _: answering.confirm(db, actor, one)),
    "ready": ("sessions.plan", lambda db, actor, one, _: running.make_ready(db, actor, one)),
    "accept": (
        "sessions.answer",
        lambda db, actor, one, given: answering.accept(db, actor, one, reason=given.reason),
    ),
    "decline": (
        "sessions.answer",
        lambda db, actor, one, given: answering.decline(db, actor, one, reason=given.reason),
    ),
    "cancel": (
        "sessions.plan",
        lambda db, actor, one, given: closing.cancel(db, actor, one, code=given.code, reason=given.reason),
    ),
}
"""Verb → the permission whoever calls must have checked, and the action."""


def act_on_all(db: Session, actor: Actor, verb: str, session_ids: Iterable[int], given: Given) -> list[Done]:
    """The verb once for each id, results in the order given. What one could not do does not undo the others."""
    wanted = list(dict.fromkeys(session_ids))
    # By id, so that two bulks over the same sessions never wait for each other in a circle.
    done = {one: _one(db, actor, one, VERBS[verb][1], given) for one in sorted(wanted)}
    return [done[one] for one in wanted]


def _one(db: Session, actor: Actor, session_id: int, act: Act, given: Given) -> Done:
    try:
        with db.begin_nested():
            view = act(db, actor, session_id, given)
            db.flush()
    except DomainError as error:
        if error.status >= 500:
            raise
        return Done(session_id, error=error)
    return Done(session_id, view)
