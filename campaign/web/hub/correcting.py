"""Setting right what was tapped or guessed wrong: actual times, state, studio, hosts, room ids, with a reason."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.gate.door import reads, writes
from campaign.gate.wording import in_words
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.instants import parse_wall, written
from campaign.live.correcting import correct
from campaign.schedule.queries import get_session
from campaign.schedule.schemas import CorrectionIn
from campaign.schedule.states import CORRECTIONS
from campaign.schedule.views import SessionView
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.hub.booking_form import channels_in, participants_in, values_of
from campaign.web.paths import read_id
from campaign.web.show import zone
from campaign.web.verbs import version_in

pages = Blueprint("hub_correcting", __name__, url_prefix="/hub/sessions")

_TIMES = ("actual_starts_at", "actual_ends_at")


@pages.get("/<session_id>/correct")
@reads("sessions.correct")
def form(*, db: Session, actor: Actor, session_id: str) -> Response:
    """The form, filled with what is held to be true now."""
    session = get_session(db, actor, read_id("ses", session_id))
    return _page(db, actor, forms.blank(**_values(session)), session)


@pages.post("/<session_id>/correct")
@writes("sessions.correct")
def apply(*, db: Session, actor: Actor, session_id: str) -> Response:
    """Correct what differs."""
    session = get_session(db, actor, read_id("ses", session_id))
    before = _given(forms.blank(**_values(session)).typed)

    def differing(typed: Any) -> dict[str, Any]:
        wanted = _given(typed)
        return {
            name: value for name, value in wanted.items() if name == "reason" or before.get(name) != value
        }

    given = forms.read(CorrectionIn, request.form, build=differing)
    if given.value is None:
        return _page(db, actor, given, session)
    with forms.refusals(given, db):
        correct(db, actor, session.id, given.value, expected_version=version_in(request.form))
    if given.refusal is not None:
        return _page(db, actor, given, session)
    flash(in_words("done.correct", {}), "ok")
    return redirect(url_for("hub_sessions.show", session_id=session_id), 303)  # type: ignore[return-value]


def _values(session: SessionView) -> dict[str, Any]:
    kept = ("studio_id", "channels", "participants")
    found = {name: value for name, value in values_of(session, zone()).items() if name.split("__")[0] in kept}
    for name in _TIMES:
        at = getattr(session, name)
        found[name] = None if at is None else at.astimezone(zone()).strftime("%Y-%m-%dT%H:%M:%S")
    return found | {"state": session.state}


def _given(typed: Any) -> dict[str, Any]:
    given = forms.folded(typed)
    faults = []
    for name in _TIMES:
        if name in given:
            try:
                given[name] = written(parse_wall(given[name], zone()))
            except ValueError:
                faults.append(FieldError(name, "clock_time"))
    if faults:
        raise Invalid(faults)
    return given | {"channels": channels_in(given), "participants": participants_in(given)}


def _page(db: Session, actor: Actor, filled: forms.Form[Any], session: SessionView) -> Response:
    states = sorted(CORRECTIONS.get(session.state, frozenset()) | {session.state})  # type: ignore[call-overload]
    answer = render_template(
        "hub/correct.html",
        form=filled,
        session=session,
        ref=ids.public("ses", session.id),
        states=[(state, in_words(f"state.{state}", {})) for state in states],
        studios=options.studios(db, actor),
        hosts=options.hosts(db, actor),
        roles=options.roles(),
    )
    return make_response(answer, filled.status)
