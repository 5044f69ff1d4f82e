"""Two sessions swap: the other is picked from those of the days around, then what they exchange."""

from datetime import date, timedelta
from typing import Annotated, Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from campaign.gate.bodies import read_query
from campaign.gate.door import reads, writes
from campaign.gate.wording import in_words
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import WrongState
from campaign.kit.fields import HostId, Line, SessionId, Strict, StudioId
from campaign.parties.schemas import Day
from campaign.schedule.queries import get_session, page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.schedule.spans import board_day, board_day_of
from campaign.schedule.states import BEFORE_AIR, may
from campaign.schedule.swapping import What, swap
from campaign.schedule.views import SessionView
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.hub.board_query import matches, spelt
from campaign.web.paths import read_id
from campaign.web.show import zone
from campaign.web.verbs import version_in

pages = Blueprint("hub_swapping", __name__, url_prefix="/hub/sessions")

_MOST = 200
_DAY = timedelta(days=1)


class SwapQuery(Strict):
    """Which sessions are offered to swap with: a board day with those beside it, a studio, a host, words."""

    day: Day | None = None
    studio: StudioId | None = None
    host: HostId | None = None
    q: Line = ""

    @model_validator(mode="before")
    @classmethod
    def _empty_is_left_out(cls, given: Any) -> Any:
        return (
            {name: value for name, value in given.items() if value != ""}
            if isinstance(given, dict)
            else given
        )


class SwapForm(Strict):
    """The session picked, and what the two exchange."""

    other: SessionId
    what: What
    override_reason: Annotated[str, Field(max_length=200)] = ""


@pages.get("/<session_id>/swap")
@reads("sessions.plan", query=SwapQuery)
def form(*, db: Session, actor: Actor, query: SwapQuery, session_id: str) -> Response:
    """The sessions around, to pick one of."""
    session = get_session(db, actor, read_id("ses", session_id))
    if not may("swap", session.state):
        raise WrongState(verb="swap", state=session.state)
    return _page(db, actor, session, query, forms.blank(what="places"))


@pages.post("/<session_id>/swap")
@writes("sessions.plan")
def exchange(*, db: Session, actor: Actor, session_id: str) -> Response:
    """Swap with the one picked, or show what is in the way."""
    session = get_session(db, actor, read_id("ses", session_id))
    given = forms.read(SwapForm, request.form)
    if given.value is not None:
        value = given.value
        with forms.refusals(given, db):
            swap(
                db,
                actor,
                session.id,
                value.other,
                what=value.what,
                override_reason=value.override_reason or None,
                expected_version=version_in(request.form),
            )
    if given.refusal is not None:
        return _page(db, actor, session, read_query(SwapQuery), given)
    flash(in_words("done.swap", {}), "ok")
    return redirect(url_for("hub_sessions.show", session_id=session_id), 303)  # type: ignore[return-value]


def _page(
    db: Session, actor: Actor, session: SessionView, query: SwapQuery, filled: forms.Form[Any]
) -> Response:
    day = query.day or board_day_of(session.starts_at, zone())
    refusal = filled.refusal
    answer = render_template(
        "hub/swap.html",
        session=session,
        form=filled,
        query=query,
        search=forms.blank(
            day=day.isoformat(),
            studio=ids.public_or_none("std", query.studio),
            host=ids.public_or_none("hst", query.host),
            q=query.q,
        ),
        others=_others(db, actor, session, query, day),
        studios=options.studios(db, actor),
        hosts=options.hosts(db, actor),
        conflicts=getattr(refusal, "conflicts", ()),
        wants_reason=refusal is not None and refusal.error_code == "needs_override",
    )
    return make_response(answer, filled.status)


def _others(
    db: Session, actor: Actor, session: SessionView, query: SwapQuery, day: date
) -> list[SessionView]:
    """Sessions of the day and those beside it that may still be changed, by start; the first two hundred."""
    from_at, to_at = board_day(day, zone())
    wanted = SessionFilter(
        from_at=from_at - _DAY,
        to_at=to_at + _DAY,
        states=tuple(sorted(BEFORE_AIR)),
        studio_id=query.studio,
        host_id=query.host,
    )
    found = page_of_sessions(db, actor, wanted, limit=_MOST).items
    return [one for one in found if one.id != session.id and matches(query.q, _found_by(one))]


def _found_by(session: SessionView) -> str:
    parties = [(one.name, one.name_en) for one in session.brands]
    parties += [(one.name, one.name_en) for one in session.participants]
    names = [session.title, session.studio_name, session.studio_name_en]
    return spelt(names + [name for pair in parties for name in pair])
