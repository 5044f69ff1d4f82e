"""The phone page behind the QR at a studio's door: what is on, what is next, one tap each."""

from flask import Blueprint, Response, redirect, render_template, request, url_for

from campaign.gate.current import parts
from campaign.gate.door import opened, public
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.live.correcting import may_undo
from campaign.live.handovers import choices
from campaign.live.links import door_verb, studio_of_door
from campaign.live.standing_in import substitutes_of
from campaign.schedule.doors import door_of
from campaign.web.paths import read_id
from campaign.web.taps import new_token, tap_of
from campaign.web.verbs import attempt

pages = Blueprint("door", __name__, url_prefix="/door")


@pages.get("/<token>")
@public
def show(token: str) -> str:
    """Whoever holds the link stands at the door; the token is checked before anything is read."""
    with opened(SYSTEM, readonly=True) as db:
        studio = studio_of_door(db, parts().settings.secret_key, token)
        door = door_of(db, SYSTEM, studio.id)
        current = door.now
        return render_template(
            "door/studio.html",
            door=door,
            link=token,
            once=new_token(),
            now=clock.now(db),
            handing=choices(db, SYSTEM, current.id) if current else (),
            substitutes=substitutes_of(db, SYSTEM, current.id) if current else {},
            undo=current is not None and may_undo(db, SYSTEM, current.id),
        )


@pages.post("/<token>/<session_id>/<any(arrive,start,end,extend,undo,decline,swap,hand_over):verb>")
@public
def act(token: str, session_id: str, verb: str) -> Response:
    """One tap. The same one sent again finds it done and says the same."""
    found, tap = read_id("ses", session_id), tap_of(request.form)
    key = parts().settings.secret_key
    done = "done.stand_in" if verb == "swap" else f"done.{verb}"
    with opened(SYSTEM) as db:
        attempt(db, done, lambda: door_verb(db, key, token, found, verb, tap))
    return redirect(url_for("door.show", token=token), 303)  # type: ignore[return-value]
