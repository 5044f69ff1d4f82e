"""Series: the list, a new one with a look at its dates, one with all its dates, and its changes."""

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.accounts.policy import allows
from campaign.gate.door import reads, writes
from campaign.gate.wording import in_words
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery
from campaign.kit.instants import parse_day
from campaign.schedule.series import altering, making, queries
from campaign.schedule.series.errors import SeriesRefused, Tried
from campaign.schedule.series.models import Series
from campaign.schedule.series.schemas import (
    EndIn,
    ExtendIn,
    ReAddIn,
    SeriesChange,
    SeriesIn,
    SkipIn,
    template_of,
)
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.hub.booking_form import Sizes, crew_faults_placed, crew_field, first_values
from campaign.web.hub.series_form import FIELDS, REPEATS, WEEKDAYS, series_in, template_in, values_of
from campaign.web.hub.series_words import rule_words
from campaign.web.paths import read_id
from campaign.web.show import weekday_name, zone

pages = Blueprint("hub_series", __name__, url_prefix="/hub/series")


@pages.get("")
@reads("series.read", query=ListQuery)
def index(*, db: Session, actor: Actor, query: ListQuery) -> str:
    """Every series, the newest first."""
    page = queries.page_of_series(db, actor, limit=query.limit, cursor=query.cursor)
    return render_template(
        "hub/series_list.html", page=page, rule_words=rule_words, may_plan=allows(actor, "sessions.plan")
    )


@pages.get("/new")
@reads("sessions.plan")
def form(*, db: Session, actor: Actor) -> Response:
    """An empty form."""
    evening = {"starts": "20:00", "ends": "22:00"}
    first = evening | first_values(MultiDict(evening | request.args.to_dict()), clock.now(db), zone())
    return _form(db, actor, forms.blank(**first, repeat="weekly", every="1", count="8"))


@pages.post("/new")
@writes("sessions.plan")
def add(*, db: Session, actor: Actor) -> Response:
    """Book all dates, or show of each what is in its way; `_look` only looks."""
    if "_more" in request.form:
        return _form(db, actor, forms.Form(request.form))
    given = forms.read(SeriesIn, request.form, build=series_in, fields=FIELDS)
    if given.value is None:
        return _form(db, actor, given)
    tried: list[Tried] = []
    made = None
    with forms.refusals(given, db, FIELDS):
        if "_look" in request.form:
            tried = making.preview(db, actor, given.value)
        else:
            made = making.repeat(db, actor, given.value)
    if made is None:
        return _form(db, actor, given, tried=tried)
    flash(_("Booked as drafts. Offer them next."), "ok")
    return _to(made)


@pages.get("/<series_id>")
@reads("series.read")
def show(*, db: Session, actor: Actor, series_id: str) -> Response:
    """All its dates."""
    return _page(db, actor, queries.get_series(db, actor, read_id("srs", series_id)), forms.blank())


@pages.get("/<series_id>/change")
@reads("sessions.plan")
def change_form(*, db: Session, actor: Actor, series_id: str) -> Response:
    """The form filled with what the series says of each date."""
    row = queries.get_series(db, actor, read_id("srs", series_id))
    return _form(db, actor, forms.blank(**values_of(template_of(row.template))), row)


@pages.post("/<series_id>/change")
@writes("sessions.plan")
def alter(*, db: Session, actor: Actor, series_id: str) -> Response:
    """Change what differs from the series as it stands, for all dates ahead or those from one on."""
    row = queries.get_series(db, actor, read_id("srs", series_id))
    if "_more" in request.form:
        return _form(db, actor, forms.Form(request.form), row)
    before = template_in(forms.blank(**values_of(template_of(row.template))).typed)
    given = forms.read(
        SeriesChange, request.form, build=lambda typed: _differing(typed, before), fields=FIELDS
    )
    if given.value is None:
        return _form(db, actor, given, row)
    changed = row
    with forms.refusals(given, db, FIELDS):
        changed = altering.change(
            db, actor, row.id, given.value, expected_version=forms.sent_rev(request.form)
        )
    if given.refusal is not None:
        return _form(db, actor, given, row)
    flash(_("Changed. Everybody it touches has been told, once."), "ok")
    return _to(changed)


@pages.post("/<series_id>/<any(skip,re_add,extend,end):verb>")
@writes("sessions.plan")
def act(*, db: Session, actor: Actor, series_id: str, verb: str) -> Response:
    """One date skipped or taken up again, a later end, or the end."""
    row = queries.get_series(db, actor, read_id("srs", series_id))
    schema, action, done = _acts()[verb]
    given = forms.read(schema, request.form, build=_plain)
    if given.value is not None:
        with forms.refusals(given, db):
            action(db, actor, row.id, given.value)
    if given.refusal is not None:
        return _page(db, actor, row, given)
    flash(done, "ok")
    return _to(row)


def _acts() -> dict[str, tuple[Any, Any, str]]:
    return {
        "skip": (SkipIn, altering.skip, _("Skipped.")),
        "re_add": (ReAddIn, making.re_add, _("Booked again, as a draft.")),
        "extend": (ExtendIn, making.extend, _("Booked as drafts. Offer them next.")),
        "end": (EndIn, altering.end, _("No more shows of this series.")),
    }


def _plain(typed: "MultiDict[str, str]") -> dict[str, Any]:
    found: dict[str, Any] = forms.folded(typed)
    reason = found.pop("override_reason", None)
    if reason:
        found["override"] = {"reason": reason}
    if "skip_conflicts" in found:
        found["skip_conflicts"] = found["skip_conflicts"] == "yes"
    return found


def _differing(typed: "MultiDict[str, str]", before: dict[str, Any]) -> dict[str, Any]:
    wanted = template_in(typed)
    override = wanted.pop("override", None)
    found = {name: wanted.get(name) for name in wanted | before if wanted.get(name) != before.get(name)}
    if typed.get("from_on"):
        found["from_on"] = typed["from_on"]
    if override:
        found["override"] = override
    return found | {"overwrite": typed.get("overwrite") == "yes"}


def _to(row: Series) -> Response:
    return redirect(url_for("hub_series.show", series_id=ids.public("srs", row.id)), 303)  # type: ignore[return-value]


def _from_on(given: str | None) -> date | None:
    try:
        return parse_day(given)
    except ValueError:
        return None


def _refused(filled: forms.Form[Any]) -> list[Tried]:
    return list(filled.refusal.tried) if isinstance(filled.refusal, SeriesRefused) else []


def _wants_reason(filled: forms.Form[Any]) -> bool:
    return filled.refusal is not None and filled.refusal.error_code in (
        "series_needs_reason",
        "needs_override",
    )


def _page(db: Session, actor: Actor, row: Series, filled: forms.Form[Any]) -> Response:
    db.refresh(row)
    answer = render_template(
        "hub/series.html",
        series=row,
        days=queries.days_of(db, actor, row),
        tried=_refused(filled),
        conflicts=getattr(filled.refusal, "conflicts", ()),
        wants_reason=_wants_reason(filled),
        form=filled,
        rule_words=rule_words,
        now=clock.now(db),
        studios=options.studios(db, actor),
        may_plan=allows(actor, "sessions.plan"),
    )
    return make_response(answer, filled.status)


def _form(
    db: Session,
    actor: Actor,
    filled: forms.Form[Any],
    row: Series | None = None,
    tried: list[Tried] | None = None,
) -> Response:
    crew_faults_placed(filled)
    refused = _refused(filled)
    answer = render_template(
        "hub/booking.html",
        form=filled,
        session=None,
        series=row,
        repeat="change" if row is not None else "new",
        action=request.path,
        from_on=_from_on(request.values.get("from_on") or request.args.get("from")),
        tried=tried or refused,
        looked=tried is not None and bool(tried),
        repeats=[(name, in_words(f"series_repeat.{name}", {})) for name in REPEATS],
        weekdays=[(name, weekday_name(at)) for at, name in enumerate(WEEKDAYS, 1)],
        sizes=Sizes.of(filled.typed),
        conflicts=(),
        alternatives=(),
        wants_reason=_wants_reason(filled) or any(one.soft for one in tried or ()),
        crew_field=crew_field,
        **options.for_booking(db, actor),
    )
    return make_response(answer, filled.status)
