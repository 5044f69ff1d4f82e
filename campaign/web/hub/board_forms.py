"""Moving without a mouse or a script: a form of day, time, length, studio and host, and one button to take it back."""

from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.gate.door import reads, writes
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, Stale
from campaign.kit.fields import HostId, Line, Strict, StudioId
from campaign.kit.instants import on_wall
from campaign.parties.schemas import Day
from campaign.schedule.queries import get_session
from campaign.schedule.shifting import Shift, shift_all
from campaign.schedule.spans import board_day_of
from campaign.schedule.views import SessionView
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.hub.board_moves import changed_since
from campaign.web.hub.board_undo import undo_of, undo_text
from campaign.web.paths import read_id
from campaign.web.show import zone
from campaign.web.verbs import attempt, version_in

pages = Blueprint("hub_board_forms", __name__, url_prefix="/hub")


class MoveForm(Strict):
    """What is typed to move a session. An end at or before the start lies on the next day."""

    studio_id: StudioId
    day: Day
    starts: time
    ends: time
    host_id: HostId | None = None
    to_host_id: HostId | None = None
    override_reason: Line = ""


@pages.get("/sessions/<session_id>/move")
@reads("sessions.plan")
def form(*, db: Session, actor: Actor, session_id: str) -> Response:
    """The form, filled with where the session stands."""
    session = get_session(db, actor, read_id("ses", session_id))
    return _page(db, actor, session, forms.blank(**_values_of(session)))


@pages.post("/sessions/<session_id>/move")
@writes("sessions.plan")
def move(*, db: Session, actor: Actor, session_id: str) -> Response:
    """Move it, or show what is in the way and where it would fit."""
    session = get_session(db, actor, read_id("ses", session_id))
    given = forms.read(MoveForm, request.form, build=_given_in)
    if given.value is None:
        return _page(db, actor, session, given)
    shift = _shift_of(session, given.value, version_in(request.form))
    done = []
    with forms.refusals(given, db):
        done = shift_all(db, actor, [shift], reason=given.value.override_reason or None)
    if given.refusal is not None:
        if isinstance(given.refusal, Stale):
            given.faults += changed_since(db, actor, [shift])
        return _page(db, actor, session, given)
    moved = done[0].session
    back = undo_text(done)
    day = board_day_of(moved.starts_at, zone()).isoformat()
    return redirect(url_for("hub_board.index", day=day, undo=back), 303)  # type: ignore[return-value]


@pages.post("/board/undo")
@writes("sessions.plan")
def take_back(*, db: Session, actor: Actor) -> Response:
    """Take moves back, all or none; refused where somebody has changed one of them since."""
    moves = undo_of(request.form.get("undo", ""))
    if moves is None:
        flash(_("There is nothing to take back."), "warn")
        return redirect(url_for("hub_board.index"), 303)  # type: ignore[return-value]
    shifts = [one.shift() for one in moves]
    at = shifts[0].starts_at
    attempt(db, "done.undo", lambda: shift_all(db, actor, shifts, reason=_("Taken back")))
    day = board_day_of(at, zone()).isoformat() if at else None
    return redirect(url_for("hub_board.index", day=day), 303)  # type: ignore[return-value]


def _values_of(session: SessionView) -> dict[str, Any]:
    starts_at, ends_at = session.starts_at.astimezone(zone()), session.ends_at.astimezone(zone())
    return {
        "studio_id": ids.public("std", session.studio_id),
        "day": starts_at.date().isoformat(),
        "starts": f"{starts_at:%H:%M}",
        "ends": f"{ends_at:%H:%M}",
    }


def _given_in(typed: Any) -> dict[str, Any]:
    """The form as its schema takes it; an alternative's button fills in its place and time. Raises Invalid."""
    given = forms.folded(typed)
    taken = typed.get("_take", "").split("|")
    if len(taken) == 4:
        given |= dict(zip(("studio_id", "day", "starts", "ends"), taken, strict=True))
    faults = []
    for name in ("starts", "ends"):
        try:
            given[name] = time.fromisoformat(given.get(name, "")).replace(tzinfo=None)
        except ValueError:
            faults.append(FieldError(name, "clock_time"))
    if faults:
        raise Invalid(faults)
    return given


def _shift_of(session: SessionView, value: MoveForm, version: int | None) -> Shift:
    over = value.ends <= value.starts
    ends_on = value.day + timedelta(days=over)
    starts_at = _instant(datetime.combine(value.day, value.starts), session.starts_at)
    ends_at = _instant(datetime.combine(ends_on, value.ends), session.ends_at)
    return Shift(
        session_id=session.id,
        version=version if version is not None else session.version,
        studio_id=value.studio_id,
        starts_at=starts_at,
        ends_at=ends_at,
        host_id=value.host_id if value.to_host_id else None,
        to_host_id=value.to_host_id if value.host_id else None,
    )


def _instant(wall: datetime, stands: datetime) -> datetime:
    """The instant of a wall time typed; one left as it stands is what stands, in an hour that comes twice too."""
    shown = stands.astimezone(zone()).replace(tzinfo=None, second=0, microsecond=0, fold=0)
    return stands if wall == shown else on_wall(wall, zone())


def _page(db: Session, actor: Actor, session: SessionView, filled: forms.Form[Any]) -> Response:
    refusal = filled.refusal
    answer = render_template(
        "hub/board_move.html",
        form=filled,
        session=session,
        conflicts=getattr(refusal, "conflicts", ()),
        alternatives=getattr(refusal, "alternatives", ()),
        wants_reason=refusal is not None and refusal.error_code == "needs_override",
        studios=options.studios(db, actor),
        hosts=options.hosts(db, actor),
        here=[
            (ids.public("hst", one.host_id), one) for one in session.participants if one.host_id is not None
        ],
    )
    return make_response(answer, filled.status)
