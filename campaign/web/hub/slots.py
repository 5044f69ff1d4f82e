"""Finding a free place: the best first, with what speaks for each, one press from the booking form."""

from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import Field
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.accounts.policy import allows
from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import BrandId, HostId, Strict, StudioId
from campaign.kit.instants import day_span
from campaign.kit.numbers import whole
from campaign.parties.queries import get_hub, today
from campaign.parties.schemas import Day
from campaign.schedule.prime import set_prime
from campaign.schedule.ranking import Prime, Ranked
from campaign.schedule.slots import free_slots
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.show import zone

pages = Blueprint("hub_slots", __name__, url_prefix="/hub/slots")

_LISTS = ("studio_ids", "host_ids", "brand_ids")


class SearchIn(Strict):
    """Days, both in; minutes of the show."""

    from_day: Day
    to_day: Day
    minutes: int = Field(ge=5, le=1440)
    studio_ids: list[StudioId] = Field(default_factory=list)
    host_ids: list[HostId] = Field(default_factory=list)
    brand_ids: list[BrandId] = Field(default_factory=list)


class PrimeIn(Strict):
    """The hours that sell best, by the hub's clocks."""

    since: time
    until: time


@pages.get("")
@reads("sessions.check")
def index(*, db: Session, actor: Actor) -> Response:
    """The search and up to forty places; before anything is asked, three hours within the next seven days."""
    asked = request.args.copy()
    if "minutes" not in asked:
        on = today(db, actor)
        first = {"from_day": on.isoformat(), "to_day": (on + timedelta(days=6)).isoformat(), "minutes": "180"}
        for name, value in first.items():
            asked.setdefault(name, value)
    form = forms.read(SearchIn, asked, build=_searched)
    found: list[Ranked] | None = None
    if form.value is not None:
        with forms.refusals(form, db):
            found = _found(db, actor, form.value, zone())
    return _page(db, actor, form, found)


@pages.post("/prime")
@writes("parties.write")
def prime(*, db: Session, actor: Actor) -> Response:
    """Set the hub's prime time."""
    form = forms.read(PrimeIn, request.form)
    if form.value is None:
        return _page(db, actor, form)
    set_prime(db, actor, Prime(form.value.since, form.value.until))
    flash(_("Saved."), "ok")
    return redirect(url_for("hub_slots.index"), 303)  # type: ignore[return-value]


def _searched(typed: "MultiDict[str, str]") -> dict[str, Any]:
    given = forms.folded(typed, _LISTS)
    minutes = whole(given.get("minutes"), 5)
    if minutes is None:
        raise Invalid([FieldError("minutes", "number", {"least": 5, "most": 1440})])
    return given | {"minutes": minutes}


def _found(db: Session, actor: Actor, wanted: SearchIn, hub_zone: ZoneInfo) -> list[Ranked]:
    if wanted.to_day < wanted.from_day:
        raise Invalid([FieldError("to_day", "ends_before_start")])
    from_at, to_at = _edge(wanted.from_day, hub_zone)[0], _edge(wanted.to_day, hub_zone)[1]
    return free_slots(
        db,
        actor,
        from_at,
        to_at,
        wanted.minutes,
        studio_ids=wanted.studio_ids,
        host_ids=wanted.host_ids,
        brand_ids=wanted.brand_ids,
        limit=40,
    )


def _edge(day: date, hub_zone: ZoneInfo) -> Any:
    return day_span(day, hub_zone)


def _page(db: Session, actor: Actor, form: forms.Form[Any], found: list[Ranked] | None = None) -> Response:
    answer = render_template(
        "hub/slots.html",
        form=form,
        found=found,
        studios=options.studios(db, actor),
        brands=options.brands(db, actor),
        hosts=options.hosts(db, actor),
        prime=Prime.of(get_hub(db, actor).settings),
        may_plan=allows(actor, "sessions.plan"),
        may_write=allows(actor, "parties.write"),
    )
    return make_response(answer, 422 if form.errors else form.status)
