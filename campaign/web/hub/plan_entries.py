"""Sessions in a plan, by the booking form: new ones, and those that stand as they are to become."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import BaseModel
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.gate.door import reads, writes
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.schedule.plans import drafting, queries
from campaign.schedule.plans.comparing import Sheet, applied, sheet_of, sheet_of_given
from campaign.schedule.plans.models import PlanEntry, WeekPlan
from campaign.schedule.plans.schemas import PlanEntryIn
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
from campaign.web.hub.plan_words import as_session
from campaign.web.paths import read_id
from campaign.web.show import zone

pages = Blueprint("hub_plan_entries", __name__, url_prefix="/hub/plans/<plan_id>")


@pages.get("/new")
@reads("plans.write")
def new(*, db: Session, actor: Actor, plan_id: str) -> Response:
    """An empty booking form; what it books is planned and not booked."""
    plan = queries.get_plan(db, actor, read_id("pln", plan_id))
    values = first_values(request.args, clock.now(db), zone())
    if "day" not in request.args:
        values["day"] = plan.first_day.isoformat()
    return _page(db, actor, plan, forms.blank(**values))


@pages.post("/new")
@writes("plans.write")
def add(*, db: Session, actor: Actor, plan_id: str) -> Response:
    """A new session of the plan."""
    plan = queries.get_plan(db, actor, read_id("pln", plan_id))
    return _booked(db, actor, plan, None)


@pages.get("/sessions/<session_id>")
@reads("plans.write")
def change_form(*, db: Session, actor: Actor, plan_id: str, session_id: str) -> Response:
    """A session that stands, to be changed in the plan."""
    plan = queries.get_plan(db, actor, read_id("pln", plan_id))
    session = get_session(db, actor, read_id("ses", session_id))
    return _page(db, actor, plan, forms.blank(**values_of(session, zone())), session=session)


@pages.post("/sessions/<session_id>")
@writes("plans.write")
def change(*, db: Session, actor: Actor, plan_id: str, session_id: str) -> Response:
    """What is to differ from the session as it stands."""
    plan = queries.get_plan(db, actor, read_id("pln", plan_id))
    return _changed(db, actor, plan, get_session(db, actor, read_id("ses", session_id)), None)


@pages.get("/entries/<entry_id>")
@reads("plans.write")
def edit_form(*, db: Session, actor: Actor, plan_id: str, entry_id: str) -> Response:
    """An entry, as the session is to become."""
    plan, entry = _entry(db, actor, plan_id, entry_id)
    session = _session_of(db, actor, entry)
    sheet = _planned(entry, session)
    values = values_of(as_session(sheet), zone())
    return _page(db, actor, plan, forms.blank(**values), session=session, entry=entry)


@pages.post("/entries/<entry_id>")
@writes("plans.write")
def edit(*, db: Session, actor: Actor, plan_id: str, entry_id: str) -> Response:
    """Another shape of an entry, upon the session as it is now."""
    plan, entry = _entry(db, actor, plan_id, entry_id)
    session = _session_of(db, actor, entry)
    if session is None:
        return _booked(db, actor, plan, entry)
    return _changed(db, actor, plan, session, entry)


def _entry(db: Session, actor: Actor, plan_id: str, entry_id: str) -> tuple[WeekPlan, PlanEntry]:
    plan = queries.get_plan(db, actor, read_id("pln", plan_id))
    entry = queries.get_entry(db, actor, plan.id, read_id("ple", entry_id))
    if entry.kind == "cancel":
        raise NotFound
    return plan, entry


def _session_of(db: Session, actor: Actor, entry: PlanEntry) -> SessionView | None:
    return None if entry.kind == "book" else get_session(db, actor, entry.session_id or 0)


def _planned(entry: PlanEntry, session: SessionView | None) -> Sheet:
    if session is None:
        return sheet_of_given(SessionIn.model_validate(entry.given))
    return applied(sheet_of(session), SessionChange.model_validate(entry.given))


def _booked(db: Session, actor: Actor, plan: WeekPlan, entry: PlanEntry | None) -> Response:
    if "_more" in request.form:
        return _page(db, actor, plan, forms.Form(request.form), entry=entry)
    given = forms.read(SessionIn, taken(request.form), build=_given, fields=FIELDS)
    return _put(db, actor, plan, given, None, entry)


def _changed(
    db: Session, actor: Actor, plan: WeekPlan, session: SessionView, entry: PlanEntry | None
) -> Response:
    if "_more" in request.form:
        return _page(db, actor, plan, forms.Form(request.form), session=session, entry=entry)
    before = _given(forms.blank(**values_of(session, zone())).typed)

    def differing(typed: "MultiDict[str, str]") -> dict[str, Any]:
        wanted = _given(typed)
        return {name: wanted.get(name) for name in wanted | before if wanted.get(name) != before.get(name)}

    given = forms.read(SessionChange, taken(request.form), build=differing, fields=FIELDS)
    if given.value is not None and not given.value.model_fields_set:
        flash(_("Nothing differs from what stands."), "warn")
        return _to(plan)
    return _put(db, actor, plan, given, session, entry)


def _given(typed: "MultiDict[str, str]") -> dict[str, Any]:
    # A reason is given once, with the release.
    return {name: value for name, value in given_in(typed, zone()).items() if name != "override"}


def _put(
    db: Session,
    actor: Actor,
    plan: WeekPlan,
    form: forms.Form[Any],
    session: SessionView | None,
    entry: PlanEntry | None,
) -> Response:
    if form.value is not None:
        with forms.refusals(form, db):
            put = _as_entry(form.value, session)
            drafting.put_entry(db, actor, plan.id, put, entry_id=entry.id if entry else None)
    if form.value is None or form.refusal is not None:
        return _page(db, actor, plan, form, session=session, entry=entry)
    flash(_("In the plan."), "ok")
    return _to(plan)


def _as_entry(value: BaseModel, session: SessionView | None) -> PlanEntryIn:
    if isinstance(value, SessionIn):
        return PlanEntryIn(kind="book", book=value)
    if isinstance(value, SessionChange) and session is not None:
        return PlanEntryIn(kind="change", session_id=session.id, version=session.version, change=value)
    raise TypeError(value)


def _to(plan: WeekPlan) -> Response:
    return redirect(url_for("hub_plans.show", plan_id=ids.public("pln", plan.id)), 303)  # type: ignore[return-value]


def _page(
    db: Session,
    actor: Actor,
    plan: WeekPlan,
    filled: forms.Form[Any],
    *,
    session: SessionView | None = None,
    entry: PlanEntry | None = None,
) -> Response:
    crew_faults_placed(filled)
    answer = render_template(
        "hub/booking.html",
        form=filled,
        session=session,
        plan=plan,
        action=request.path,
        sizes=Sizes.of(filled.typed),
        conflicts=(),
        wants_reason=False,
        crew_field=crew_field,
        **options.for_booking(db, actor, session.crew if session else ()),
    )
    return make_response(answer, filled.status)
