"""What an agency asks of the hub about one session: other times, another of its hosts, to call it off."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy.orm import Session

from campaign.gate.door import writes
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.instants import parse_wall
from campaign.schedule import proposing
from campaign.schedule.views import SessionView
from campaign.web.paths import read_id
from campaign.web.show import zone
from campaign.web.verbs import attempt

pages = Blueprint("agency_proposing", __name__, url_prefix="/agency/sessions")


@pages.post("/<session_id>/propose/<any(time,person,cancel):kind>")
@writes("sessions.counter")
def propose(*, db: Session, actor: Actor, session_id: str, kind: str) -> Response:
    """File it; it takes the place of what the agency proposed before."""
    found, typed = read_id("ses", session_id), request.form
    reason = typed.get("reason", "").strip()
    done = "done.ask_cancel" if kind == "cancel" else "done.counter"

    def act() -> SessionView:
        if kind == "cancel":
            return proposing.ask_to_cancel(db, actor, found, code=typed.get("code", ""), reason=reason)
        return proposing.counter(db, actor, found, _GIVEN[kind](typed, reason))

    attempt(db, done, act)
    return _back(session_id)


@pages.post("/<session_id>/proposals/<proposal_id>/withdraw")
@writes("sessions.counter")
def withdraw(*, db: Session, actor: Actor, session_id: str, proposal_id: str) -> Response:
    """Take it back."""
    found = read_id("prp", proposal_id)
    attempt(db, "done.withdraw", lambda: proposing.withdraw(db, actor, found))
    return _back(session_id)


def _time(typed: Any, reason: str) -> proposing.Counter:
    return proposing.Counter(
        starts_at=_instant(typed, "starts_at"), ends_at=_instant(typed, "ends_at"), reason=reason
    )


def _person(typed: Any, reason: str) -> proposing.Counter:
    return proposing.Counter(
        host_id=read_id("hst", typed.get("host", "")),
        participant_id=read_id("ptc", typed.get("participant", "")),
        reason=reason,
    )


_GIVEN: dict[str, Callable[[Any, str], proposing.Counter]] = {"time": _time, "person": _person}


def _instant(typed: Any, name: str) -> datetime | None:
    """A wall time of the hub's zone, as the browser's field gives it."""
    given = typed.get(name, "").strip()
    if not given:
        return None
    try:
        return parse_wall(given, zone())
    except ValueError:
        raise Invalid([FieldError(name, "clock_time")]) from None


def _back(session_id: str) -> Response:
    return redirect(url_for("agency_sessions.show", session_id=session_id), 303)  # type: ignore[return-value]
