"""Booking and changing a session: one form, and what stands in its way with one-click alternatives."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.gate.door import reads, writes
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.schedule.booking import book
from campaign.schedule.changing import change
from campaign.schedule.queries import get_session
from campaign.schedule.schemas import SessionChange, SessionIn
from campaign.schedule.views import SessionView
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.hub.booking_form import (
    FIELDS,
    Sizes,
    crew_faults_placed,
    crew_field,
    first_values,
    given_in,
    taken,
    values_of,
)
from campaign.web.paths import read_id
from campaign.web.show import zone
from campaign.web.verbs import version_in

pages = Blueprint("hub_booking", __name__, url_prefix="/hub")


@pages.get("/sessions/new")
@reads("sessions.plan")
def form(*, db: Session, actor: Actor) -> Response:
    """An empty form; day, studio and start may come from where the planner pressed on the board."""
    return _page(db, actor, forms.blank(**first_values(request.args, clock.now(db), zone())))


@pages.post("/sessions/new")
@writes("sessions.plan")
def add(*, db: Session, actor: Actor) -> Response:
    """Book, or show what is in the way."""
    if "_more" in request.form:
        return _page(db, actor, forms.Form(request.form))
    given = forms.read(
        SessionIn, taken(request.form), build=lambda typed: given_in(typed, zone()), fields=FIELDS
    )
    if given.value is None:
        return _page(db, actor, given)
    with forms.refusals(given, db):
        made = book(db, actor, given.value)
    if given.refusal is not None:
        return _page(db, actor, given)
    flash(_("Booked as a draft. Offer it next, or confirm it where nobody has to be asked."), "ok")
    return _to(made)


@pages.get("/sessions/<session_id>/change")
@reads("sessions.plan")
def change_form(*, db: Session, actor: Actor, session_id: str) -> Response:
    """The same form, filled with the session as it stands."""
    session = get_session(db, actor, read_id("ses", session_id))
    return _page(db, actor, forms.blank(**values_of(session, zone())), session)


@pages.post("/sessions/<session_id>/change")
@writes("sessions.plan")
def alter(*, db: Session, actor: Actor, session_id: str) -> Response:
    """Change what differs from the session as it stands, guarded by the version the form was filled from."""
    session = get_session(db, actor, read_id("ses", session_id))
    if "_more" in request.form:
        return _page(db, actor, forms.Form(request.form), session)
    before = given_in(forms.blank(**values_of(session, zone())).typed, zone())

    def differing(typed: Any) -> dict[str, Any]:
        wanted = given_in(typed, zone())
        return {name: wanted.get(name) for name in wanted | before if wanted.get(name) != before.get(name)}

    given = forms.read(SessionChange, taken(request.form), build=differing, fields=FIELDS)
    if given.value is None:
        return _page(db, actor, given, session)
    with forms.refusals(given, db):
        session = change(db, actor, session.id, given.value, expected_version=version_in(request.form))
    if given.refusal is not None:
        return _page(db, actor, given, session)
    flash(_("Changed."), "ok")
    return _to(session)


def _to(session: SessionView) -> Response:
    return redirect(url_for("hub_sessions.show", session_id=ids.public("ses", session.id)), 303)  # type: ignore[return-value]


def _page(db: Session, actor: Actor, filled: forms.Form[Any], session: SessionView | None = None) -> Response:
    refusal = filled.refusal
    crew_faults_placed(filled)
    answer = render_template(
        "hub/booking.html",
        form=filled,
        session=session,
        sizes=Sizes.of(filled.typed),
        conflicts=getattr(refusal, "conflicts", ()),
        alternatives=getattr(refusal, "alternatives", ()),
        wants_reason=refusal is not None and refusal.error_code == "needs_override",
        crew_field=crew_field,
        **options.for_booking(db, actor, session.crew if session else ()),
    )
    return make_response(answer, filled.status)
