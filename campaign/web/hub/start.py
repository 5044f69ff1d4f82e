"""The hub's first screen: what is wrong, what starts within the hour, who has not arrived, each with its button."""

from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate.door import reads, writes
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.live import running
from campaign.live.alerts import open_alerts
from campaign.schedule import answering
from campaign.schedule.clashes import RULES as CLASH_RULES
from campaign.schedule.clashes import clashes
from campaign.schedule.following import effects_of
from campaign.schedule.queries import get_session, needs_attention, page_of_sessions, starting_soon
from campaign.schedule.schemas import SessionFilter
from campaign.schedule.states import may
from campaign.schedule.views import ParticipantView, SessionView
from campaign.web.figures import money_of
from campaign.web.hub.life import named_studios
from campaign.web.paths import read_id
from campaign.web.verbs import attempt, version_in

pages = Blueprint("hub_start", __name__, url_prefix="/hub")

_MOST_ON_AIR = 200
_DELAYS = ("late_start", "overrunning")
# What sets a thing right: the verbs offered beside it, the likeliest first.
_FIXES = {
    "late_start": ("start",),
    "overrunning": ("extend", "end"),
    "not_confirmed": ("offer", "confirm"),
    "offer_soon_due": ("accept",),
}
_VERBS: dict[str, Callable[..., SessionView]] = {
    "offer": answering.offer,
    "confirm": answering.confirm,
    "accept": answering.accept,
    "start": running.go_live,
    "end": running.end,
    "extend": running.extend,
}


@pages.get("")
@reads("hub.pages")
def index(*, db: Session, actor: Actor) -> str:
    """Asks for itself again every 15 s where scripts run."""
    attention, found = needs_attention(db, actor), clashes(db, actor)
    alerts = open_alerts(db, actor)
    on_air = page_of_sessions(db, actor, SessionFilter(states=("live",)), limit=_MOST_ON_AIR).items
    soon = starting_soon(db, actor, timedelta(hours=1))
    may_plan = allows(actor, "sessions.plan")
    return render_template(
        "hub/start.html",
        now=clock.now(db),
        # A clash stands with its session and its own buttons; its alert lends it the name of who sees to it.
        alerts=[alert for alert in alerts if alert.kind not in CLASH_RULES],
        clashes=found,
        clash_alerts={(alert.kind, alert.subject): alert for alert in alerts if alert.kind in CLASH_RULES},
        attention=attention,
        effects=effects_of(db, actor, [one.session for one in attention if one.code in _DELAYS]),
        studios=named_studios(db, actor),
        soon=soon,
        awaited=[(session, person) for session in soon for person in _not_here(session)],
        on_air=on_air,
        money=money_of(db, actor, [session.id for session in on_air]),
        may_plan=may_plan,
        fixes=_fixes if may_plan else lambda _session, _code: (),
    )


@pages.post("/start/<session_id>/<any(offer,confirm,accept,start,end,extend):verb>")
@writes("sessions.plan")
def act(*, db: Session, actor: Actor, session_id: str, verb: str) -> Response:
    """One verb, and back to the first screen."""
    found = read_id("ses", session_id)
    version = version_in(request.form)
    attempt(db, f"done.{verb}", lambda: _VERBS[verb](db, actor, found, expected_version=version))
    return redirect(url_for("hub_start.index"), 303)  # type: ignore[return-value]


@pages.post("/start/<session_id>/arrive/<participant_id>")
@writes("sessions.plan")
def arrive(*, db: Session, actor: Actor, session_id: str, participant_id: str) -> Response:
    """Somebody is here; pressed twice it stays so."""
    found = get_session(db, actor, read_id("ses", session_id))
    who = read_id("ptc", participant_id)
    attempt(db, "done.arrive", lambda: running.arrive(db, actor, found.id, participant_id=who))
    return redirect(url_for("hub_start.index"), 303)  # type: ignore[return-value]


def _not_here(session: SessionView) -> list[ParticipantView]:
    """Who should come and has not; of drafts and open offers nobody is expected yet."""
    if not may("arrive", session.state):
        return []
    return [person for person in session.participants if person.arrived_at is None]


def _fixes(session: SessionView, code: str) -> list[str]:
    """The verbs of a fault that the session's state allows: offered where somebody must answer, else confirmed."""
    left_out = "confirm" if _somebody_to_ask(session) else "offer"
    return [
        verb
        for verb in _FIXES.get(code, ())
        if verb != left_out and may(_STATE_VERB.get(verb, verb), session.state)
    ]


# Putting the end off is allowed where ending is.
_STATE_VERB = {"extend": "end"}


def _somebody_to_ask(session: SessionView) -> bool:
    return any(
        person.acceptance != "accepted" and (person.agency_id is not None or person.host_kind != "in_house")
        for person in session.participants
    )
