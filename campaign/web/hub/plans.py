"""Plans: the list, and one plan beside what stands, with what it would meet and the button that releases it."""

from itertools import groupby
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.accounts.policy import allows
from campaign.gate.door import reads, writes
from campaign.gate.wording import in_words
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.parties.queries import today
from campaign.schedule.plans import drafting, looking, queries, releasing
from campaign.schedule.plans.audience import audience_of
from campaign.schedule.plans.errors import ReleaseRefused
from campaign.schedule.plans.looking import Seen
from campaign.schedule.plans.models import WeekPlan
from campaign.schedule.plans.schemas import PlanCancelIn, PlanEntryIn, PlanIn, ReleaseIn
from campaign.schedule.queries import page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.schedule.spans import board_day, board_day_of
from campaign.schedule.states import BEFORE_AIR, CANCEL_CODES
from campaign.schedule.views import SessionView
from campaign.web import forms
from campaign.web.hub import plan_words
from campaign.web.hub.week_form import first_days, plan_in
from campaign.web.paths import read_id
from campaign.web.show import zone

pages = Blueprint("hub_plans", __name__, url_prefix="/hub/plans")

_MOST_STANDING = 200


@pages.get("")
@reads("plans.read")
def index(*, db: Session, actor: Actor) -> Response:
    """Every plan, the newest first, and the form that opens another."""
    return _index(db, actor, forms.blank(**first_days(today(db, actor))))


@pages.post("")
@writes("plans.write")
def add(*, db: Session, actor: Actor) -> Response:
    """Open a plan, empty or with the sessions of another week."""
    form = forms.read(PlanIn, request.form, build=plan_in)
    made = None
    if form.value is not None:
        with forms.refusals(form, db):
            made = drafting.open_plan(db, actor, form.value)
    return _index(db, actor, form) if made is None else _to(made.id)


@pages.get("/<plan_id>")
@reads("plans.read")
def show(*, db: Session, actor: Actor, plan_id: str) -> Response:
    """What is planned beside what stands."""
    return _page(db, actor, queries.get_plan(db, actor, read_id("pln", plan_id)), forms.blank())


@pages.post("/<plan_id>/release")
@writes("plans.write")
def release(*, db: Session, actor: Actor, plan_id: str) -> Response:
    """All or nothing; a refusal is shown beside the entries."""
    number = read_id("pln", plan_id)
    form = forms.read(ReleaseIn, request.form, build=_release_in)
    if form.value is not None:
        with forms.refusals(form, db):
            releasing.release(db, actor, number, form.value, expected_rev=forms.sent_rev(request.form))
    if form.value is None or form.refusal is not None:
        return _page(db, actor, queries.get_plan(db, actor, number), form)
    flash(_("Released. Everybody it touches has been told, once."), "ok")
    return _to(number)


@pages.post("/<plan_id>/drop")
@writes("plans.write")
def drop(*, db: Session, actor: Actor, plan_id: str) -> Response:
    """Give it up."""
    number = queries.get_plan(db, actor, read_id("pln", plan_id)).id
    form: forms.Form[Any] = forms.Form(request.form)
    with forms.refusals(form, db):
        drafting.drop_plan(db, actor, number)
    return _told(form, _("Given up."), number)


@pages.post("/<plan_id>/cancel")
@writes("plans.write")
def cancel(*, db: Session, actor: Actor, plan_id: str) -> Response:
    """Plan that a session is called off."""
    number = read_id("pln", plan_id)
    session_id = read_id("ses", request.form.get("session_id", ""))
    form = forms.read(PlanCancelIn, _only(request.form, ("code", "reason")))
    if form.value is None:
        flash("; ".join(one for said in form.errors.values() for one in said), "bad")
        return _to(number)
    given = PlanEntryIn(kind="cancel", session_id=session_id, cancel=form.value)
    with forms.refusals(form, db):
        drafting.put_entry(db, actor, number, given)
    return _told(form, _("In the plan."), number)


@pages.post("/<plan_id>/entries/<entry_id>/<any(remove,catch_up):verb>")
@writes("plans.write")
def act(*, db: Session, actor: Actor, plan_id: str, entry_id: str, verb: str) -> Response:
    """Take an entry out, or let it catch up with the board."""
    number = read_id("pln", plan_id)
    entry = queries.get_entry(db, actor, number, read_id("ple", entry_id)).id
    form: forms.Form[Any] = forms.Form(request.form)
    with forms.refusals(form, db):
        (drafting.remove_entry if verb == "remove" else drafting.catch_up)(db, actor, number, entry)
    said = _("Taken out of the plan.") if verb == "remove" else _("Planned upon the session as it is now.")
    return _told(form, said, number)


def _told(form: forms.Form[Any], done: str, plan_id: int) -> Response:
    refusal = form.refusal
    flash(
        done if refusal is None else in_words(refusal.error_code, refusal.params), "bad" if refusal else "ok"
    )
    return _to(plan_id)


def _to(plan_id: int) -> Response:
    return redirect(url_for("hub_plans.show", plan_id=ids.public("pln", plan_id)), 303)  # type: ignore[return-value]


def _only(typed: "MultiDict[str, str]", names: tuple[str, ...]) -> "MultiDict[str, str]":
    return MultiDict((name, typed.get(name, "")) for name in names)


def _release_in(typed: "MultiDict[str, str]") -> dict[str, Any]:
    reason = typed.get("reason", "").strip()
    return {"offer": "keep_drafts" not in typed} | ({"reason": reason} if reason else {})


def _index(db: Session, actor: Actor, form: forms.Form[Any]) -> Response:
    page = queries.page_of_plans(db, actor, limit=50, cursor=_cursor())
    answer = render_template(
        "hub/plans.html",
        form=form,
        plans=page.items,
        next_cursor=page.next_cursor,
        may_write=allows(actor, "plans.write"),
    )
    return make_response(answer, 422 if form.errors else form.status)


def _cursor() -> str | None:
    return request.args.get("cursor") if request.method == "GET" else None


def _page(db: Session, actor: Actor, plan: WeekPlan, form: forms.Form[Any]) -> Response:
    seen = looking.look(db, actor, plan)
    names = plan_words.Names.of(db, actor)
    refusal = form.refusal
    answer = render_template(
        "hub/plan.html",
        form=form,
        plan=plan,
        ref=ids.public("pln", plan.id),
        days=[(day, list(part)) for day, part in groupby(seen, _board_day)],
        seen=seen,
        names=names,
        said=plan_words.said,
        people_in=plan_words.people_in,
        troubles=refusal.troubles if isinstance(refusal, ReleaseRefused) else (),
        wants_reason=any(one.soft for one in seen) or refusal is not None,
        in_the_way=sum(bool(one.hard or one.error) for one in seen),
        audience=audience_of(seen),
        standing=_standing(db, actor, plan, seen),
        cancel_codes=CANCEL_CODES,
        may_write=allows(actor, "plans.write") and plan.state == "draft",
    )
    return make_response(answer, 422 if form.errors else form.status)


def _board_day(one: Seen) -> Any:
    return board_day_of(one.at.starts_at, zone())


def _standing(db: Session, actor: Actor, plan: WeekPlan, seen: list[Seen]) -> list[SessionView]:
    """The sessions of these days that the plan leaves as they are."""
    if plan.state != "draft":
        return []
    wanted = SessionFilter(
        from_at=board_day(plan.first_day, zone())[0],
        to_at=board_day(plan.last_day, zone())[1],
        states=tuple(sorted(BEFORE_AIR)),
    )
    planned = {one.entry.session_id for one in seen}
    found = page_of_sessions(db, actor, wanted, limit=_MOST_STANDING).items
    return [one for one in found if one.id not in planned]
