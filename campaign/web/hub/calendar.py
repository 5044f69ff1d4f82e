"""The trade's calendar: sales festivals, fairs and holidays of a year, as this hub keeps them."""

from typing import Annotated, Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import Field
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.catalog import calendar
from campaign.catalog.queries import forest
from campaign.catalog.schemas import TradeDayIn
from campaign.gate.door import reads, writes
from campaign.gate.wording import in_words
from campaign.kit.actor import Actor
from campaign.kit.fields import QueryInt, Strict
from campaign.parties.queries import today
from campaign.web import forms
from campaign.web.paths import read_id

pages = Blueprint("hub_calendar", __name__, url_prefix="/hub/calendar")

KINDS = ("own", "platform", "fair", "holiday")


class YearQuery(Strict):
    """A year, and the built-in day that is to be moved."""

    year: Annotated[QueryInt, Field(ge=2000, le=2200)] | None = None
    code: str | None = Field(default=None, max_length=40)


@pages.get("")
@reads("hub.pages", query=YearQuery)
def index(*, db: Session, actor: Actor, query: YearQuery) -> Response:
    """A year's days beside the campaigns that run in it; a form for one more or a moved one."""
    year = query.year or today(db, actor).year
    moved = next(
        (day for day in calendar.year_of(db, actor, year) if day.code and day.code == query.code), None
    )
    first: dict[str, Any] = {"kind": "own"}
    if moved is not None:
        first = {
            name: getattr(moved, name) for name in ("code", "kind", "name", "name_en", "starts_on", "ends_on")
        }
    return _page(db, actor, forms.blank(**first), year)


@pages.post("")
@writes("parties.write")
def keep(*, db: Session, actor: Actor) -> Response:
    """Add a day or move one of the table."""
    form = forms.read(TradeDayIn, request.form)
    row = None
    if form.value is not None:
        with forms.refusals(form, db):
            row = calendar.set_day(db, actor, form.value)
    if row is None:
        return _page(db, actor, form, today(db, actor).year)
    flash(_("Saved."), "ok")
    return _to(row.year)


@pages.post("/<int:year>/<code>/hide")
@writes("parties.write")
def hide(*, db: Session, actor: Actor, year: int, code: str) -> Response:
    """Leave a day of the table out of that year."""
    calendar.hide(db, actor, year, code)
    return _to(year)


@pages.post("/<int:year>/<code>/restore")
@writes("parties.write")
def restore(*, db: Session, actor: Actor, year: int, code: str) -> Response:
    """Back to the day as the table has it."""
    calendar.forget(db, actor, year, code)
    return _to(year)


@pages.post("/days/<day_id>/remove")
@writes("parties.write")
def remove(*, db: Session, actor: Actor, day_id: str) -> Response:
    """Take away a day of the hub's own."""
    calendar.remove(db, actor, read_id("day", day_id))
    flash(_("Removed."), "ok")
    return redirect(url_for("hub_calendar.index"), 303)  # type: ignore[return-value]


def _to(year: int) -> Response:
    return redirect(url_for("hub_calendar.index", year=year), 303)  # type: ignore[return-value]


def _page(db: Session, actor: Actor, form: forms.Form[Any], year: int) -> Response:
    campaigns = [
        node.campaign
        for root in forest(db, actor)
        for node in root.walk()
        if any(
            day is not None and day.year == year for day in (node.campaign.starts_on, node.campaign.ends_on)
        )
    ]
    answer = render_template(
        "hub/calendar.html",
        form=form,
        year=year,
        days=calendar.year_of(db, actor, year),
        campaigns=campaigns,
        today=today(db, actor),
        kinds=[(kind, in_words(f"trade_day.{kind}", {})) for kind in KINDS],
        may_write=allows(actor, "parties.write"),
    )
    return make_response(answer, form.status)
