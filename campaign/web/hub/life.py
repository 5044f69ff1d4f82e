"""What happens to a session beside its own verbs: proposals decided, those that follow moved."""

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy.orm import Session

from campaign.gate.door import writes
from campaign.kit.actor import Actor
from campaign.parties.models import Studio
from campaign.parties.queries import all_of
from campaign.schedule import following, proposing
from campaign.web.paths import read_id
from campaign.web.verbs import attempt, version_in

pages = Blueprint("hub_life", __name__, url_prefix="/hub/sessions")


def named_studios(db: Session, actor: Actor) -> dict[int, Studio]:
    """Studios by id, for the names of places that are only known by id."""
    return {studio.id: studio for studio in all_of(db, actor, Studio)}


@pages.post("/<session_id>/proposals/<proposal_id>/<any(accept,refuse):answer>")
@writes("sessions.plan")
def decide(*, db: Session, actor: Actor, session_id: str, proposal_id: str, answer: str) -> Response:
    """Take a proposal up, with all it means, or leave the session as it is."""
    found, reason = read_id("prp", proposal_id), request.form.get("reason", "").strip()
    if answer == "accept":
        attempt(
            db,
            "done.proposal_accepted",
            lambda: proposing.accept_proposal(db, actor, found, override_reason=reason or None),
        )
    else:
        attempt(
            db,
            "done.proposal_refused",
            lambda: proposing.refuse_proposal(db, actor, found, reason=reason),
        )
    return _back(session_id)


@pages.post("/<session_id>/follow/<follower_id>/<any(push,room):how>")
@writes("sessions.plan")
def follow(*, db: Session, actor: Actor, session_id: str, follower_id: str, how: str) -> Response:
    """Make room for a show that runs over: the follower later by what it needs, or in another studio."""
    late, other = read_id("ses", session_id), read_id("ses", follower_id)
    version = version_in(request.form)
    if how == "push":
        attempt(
            db,
            "done.push",
            lambda: following.push(db, actor, late, other, expected_version=version),
        )
    else:
        studio = read_id("std", request.form["studio"]) if request.form.get("studio") else None
        attempt(
            db,
            "done.room",
            lambda: following.make_room(db, actor, late, other, studio_id=studio, expected_version=version),
        )
    if request.form.get("_from") == "start":
        return redirect(url_for("hub_start.index"), 303)  # type: ignore[return-value]
    return _back(session_id)


def _back(session_id: str) -> Response:
    return redirect(url_for("hub_sessions.show", session_id=session_id), 303)  # type: ignore[return-value]
