"""The page of weekly hours, leave and closures: one for a host, a studio and the hub, by hub, agency and host."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.kit.numbers import whole
from campaign.schedule import availability
from campaign.schedule.availability import Owner
from campaign.schedule.clashes import clashes
from campaign.schedule.window_schemas import ExceptionIn
from campaign.web import forms
from campaign.web.show import zone
from campaign.web.times_form import FIELDS, WeekForm, exception_in, week_in

_WEEKDAYS = range(1, 8)


@dataclass(frozen=True)
class Place:
    """Where a page of times stands: whose it is, by what name, and its own address (forms post below it).

    hours: of the hub, when it opens and closes each day, and the rev they were read at.
    """

    owner: Owner
    name: str
    address: str
    template: str
    may_write: bool
    hours: tuple[time, time, int] | None = None


def page(db: Session, actor: Actor, place: Place, form: forms.Form[Any] | None = None) -> Response:
    """Weekly hours, what lies ahead, and what is booked in it."""
    rows = availability.windows_of(db, actor, place.owner)
    now = clock.now(db)
    # Weekly hours of a host say when it is to be had, those of hub and studios when they are closed.
    usual = [row for row in rows if row.weekday and row.shut != (place.owner.kind == "host")]
    shown = _with_week(form or forms.blank(), _week(usual))
    answer = render_template(
        place.template,
        place=place,
        form=shown,
        week=_rows_of(shown),
        ahead=[row for row in rows if row.ends_at is not None and row.ends_at > now],
        others=[row for row in rows if row.weekday and row not in usual],
        past=sum(1 for row in rows if row.ends_at is not None and row.ends_at <= now),
        clashes=clashes(db, actor, place.owner),
        is_host=place.owner.kind == "host",
    )
    return make_response(answer, shown.status)


def save(db: Session, actor: Actor, place: Place, what: str) -> Response:
    """One press on the page: `exceptions` adds one, `weekly` replaces the hours, `remove` takes one back."""
    form, act, said = {
        "exceptions": _adding,
        "weekly": _hours,
        "remove": _removing,
    }[what](place.owner)
    if form.value is not None:
        with forms.refusals(form, db):
            act(db, actor, form.value)
    if form.refusal is not None:
        return page(db, actor, place, form)
    flash(said, "ok")
    if clashes(db, actor, place.owner):
        flash(_("What is booked in it stays booked; the hub is told."), "warn")
    return redirect(place.address, 303)  # type: ignore[return-value]


_Act = Callable[[Session, Actor, Any], None]


def _adding(owner: Owner) -> tuple[forms.Form[Any], _Act, str]:
    form = forms.read(
        ExceptionIn, request.form, build=lambda typed: exception_in(typed, zone()), fields=FIELDS
    )
    return form, lambda db, actor, value: availability.add_exception(db, actor, owner, value), _("Recorded.")


def _hours(owner: Owner) -> tuple[forms.Form[Any], _Act, str]:
    form = forms.read(WeekForm, request.form, build=week_in)

    def act(db: Session, actor: Actor, value: WeekForm) -> None:
        hours = [(one.weekday, one.from_time, one.to_time) for one in value.week]
        availability.set_weekly(db, actor, owner, hours, available=owner.kind == "host")

    return form, act, _("Saved.")


def _removing(owner: Owner) -> tuple[forms.Form[Any], _Act, str]:
    window = whole(request.form.get("window_id"), 18)
    if window is None:
        raise NotFound
    form = forms.blank()
    form.value = window
    return (
        form,
        lambda db, actor, value: availability.remove_window(db, actor, owner, value),
        _("Taken back."),
    )


def _week(rows: list[Any]) -> dict[str, str]:
    """The rows of the weekly form: what stands, and an empty row for each day that has none."""
    standing = [(row.weekday, f"{row.from_time:%H:%M}", f"{row.to_time:%H:%M}") for row in rows]
    free = [(day, "", "") for day in _WEEKDAYS if day not in {weekday for weekday, _, _ in standing}]
    values: dict[str, str] = {}
    for at, (weekday, first, last) in enumerate(sorted(standing + free)):
        values |= {f"week.{at}.weekday": str(weekday), f"week.{at}.from": first, f"week.{at}.to": last}
    return values


def _with_week(form: forms.Form[Any], week: dict[str, str]) -> forms.Form[Any]:
    """The page holds two forms: where another one was sent, the hours stand as they are kept."""
    if not form.text("week.0.weekday"):
        form.typed = MultiDict([*form.typed.items(multi=True), *week.items()])
    return form


def _rows_of(form: forms.Form[Any]) -> list[int]:
    """The weekdays of the weekly form's rows."""
    found: list[int] = []
    while (weekday := form.text(f"week.{len(found)}.weekday")) in tuple("1234567") and len(found) < 100:
        found.append(int(weekday))
    return found
