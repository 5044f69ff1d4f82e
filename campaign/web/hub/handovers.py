"""Hand-overs on a session's page: one button a host, and what was tapped set right or taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy.orm import Session

from campaign.gate.door import writes
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.instants import parse, parse_wall
from campaign.live.handing_over import hand_over, move_handover, withdraw_handover
from campaign.live.handovers import HandoverView
from campaign.schedule.views import HistoryView
from campaign.web.paths import read_id
from campaign.web.show import zone
from campaign.web.verbs import attempt, version_in

pages = Blueprint("hub_handovers", __name__, url_prefix="/hub/sessions")
_LONGEST_REASON = 200


@dataclass(frozen=True)
class Handed:
    """Who handed over to whom, as an entry of the history has it: at which instant, and at which before it was moved.

    The mark itself may have been moved on since.
    """

    mark: HandoverView
    at: datetime
    before: datetime | None


def handed_in(history: Sequence[HistoryView], marks: Sequence[HandoverView]) -> dict[int, Handed]:
    """What entries of the history say of hand-overs, by their version."""
    known = {mark.id: mark for mark in marks}
    return {
        step.version: Handed(
            known[step.detail["handover"]],
            parse(step.detail["at"]),
            parse(step.detail["before"]) if "before" in step.detail else None,
        )
        for step in history
        if step.detail.get("handover") in known
    }


@pages.post("/<session_id>/handovers")
@writes("sessions.correct")
def make(*, db: Session, actor: Actor, session_id: str) -> Response:
    """One tap: the host comes in the place of the one that the button was drawn with."""
    typed, found = request.form.get("left", ""), read_id("ses", session_id)
    host, left = read_id("hst", request.form.get("host", "")), read_id("hst", typed) if typed else None
    attempt(db, "done.hand_over", lambda: hand_over(db, actor, found, host_id=host, left_host_id=left))
    return _back(session_id)


@pages.post("/<session_id>/handovers/<handover_id>/<any(move,withdraw):verb>")
@writes("sessions.correct")
def change(*, db: Session, actor: Actor, session_id: str, handover_id: str, verb: str) -> Response:
    """Put it at another instant, or take it back."""
    session, mark = read_id("ses", session_id), read_id("hov", handover_id)
    reason = " ".join(request.form.get("reason", "").split())[:_LONGEST_REASON]
    rev = version_in(request.form)

    def move() -> None:
        try:
            at = parse_wall(request.form.get("at", ""), zone())
        except ValueError:
            raise Invalid([FieldError("at", "clock_time")]) from None
        move_handover(db, actor, session, mark, at=at, reason=reason, expected_rev=rev)

    def withdraw() -> None:
        withdraw_handover(db, actor, session, mark, reason=reason, expected_rev=rev)

    attempt(db, f"done.{verb}_handover", move if verb == "move" else withdraw)
    return _back(session_id)


def _back(session_id: str) -> Response:
    return redirect(url_for("hub_sessions.show", session_id=session_id) + "#handover", 303)  # type: ignore[return-value]
