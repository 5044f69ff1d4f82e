"""The phone page behind the QR at a studio's door: what is on, what is next, one tap each."""

from datetime import datetime

from flask import Blueprint, Response, redirect, render_template, request, url_for

from campaign.gate.current import parts
from campaign.gate.door import opened, public
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.instants import parse
from campaign.live.correcting import UNDO_WITHIN
from campaign.live.links import door_verb, studio_of_door
from campaign.schedule.boards import door_of
from campaign.schedule.views import SessionView
from campaign.web.paths import read_id
from campaign.web.verbs import attempt

pages = Blueprint("door", __name__, url_prefix="/door")


@pages.get("/<token>")
@public
def show(token: str) -> str:
    """Whoever holds the link stands at the door; the token is checked before anything is read."""
    with opened(SYSTEM, readonly=True) as db:
        studio = studio_of_door(db, parts().settings.secret_key, token)
        door = door_of(db, SYSTEM, studio.id)
        return render_template(
            "door/studio.html",
            door=door,
            link=token,
            undo=door.now is not None and may_undo(door.now, clock.now(db) - UNDO_WITHIN),
        )


@pages.post("/<token>/<session_id>/<any(arrive,start,end,extend,undo):verb>")
@public
def act(token: str, session_id: str, verb: str) -> Response:
    """One tap. A second one finds it done and says the same."""
    participant = request.form.get("participant")
    who = read_id("ptc", participant) if participant else None
    found = read_id("ses", session_id)
    key = parts().settings.secret_key
    until = _instant(request.form.get("until", ""))
    with opened(SYSTEM) as db:
        attempt(
            db,
            f"done.{verb}",
            lambda: door_verb(db, key, token, found, verb, participant_id=who, until=until),
        )
    return redirect(url_for("door.show", token=token), 303)  # type: ignore[return-value]


def may_undo(session: SessionView, since: datetime) -> bool:
    """Whether the last thing was a tap, young enough to be taken back."""
    if session.state == "live":
        at, evidence = session.actual_starts_at, session.start_evidence
    elif session.state == "ended":
        at, evidence = session.actual_ends_at, session.end_evidence
    else:
        return False
    return evidence == "tap" and at is not None and at > since


def _instant(typed: str) -> datetime | None:
    try:
        return parse(typed)
    except ValueError:
        return None
