"""The state of the data: how each shop's data comes in, and what waits for a person to look at it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.connectors.reports import refused_by_shop
from campaign.gate.door import reads, writes
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import ListQuery, Name, QueryInt, SessionId, Strict
from campaign.kit.paging import LARGEST_LIMIT, Page
from campaign.sales.orphans import NoSuchLine, assign_refund
from campaign.sales.placing import assign
from campaign.sales.queries import (
    Loose,
    page_of_conflicts,
    page_of_quarantined,
    page_of_unattributed,
    ways_in,
)
from campaign.schedule.queries import page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.schedule.views import SessionView
from campaign.web import forms
from campaign.web.paths import read_id
from campaign.web.verbs import attempt

pages = Blueprint("hub_data", __name__, url_prefix="/hub/data")

_AROUND = timedelta(hours=12)
_WAS_ON = ("live", "ended", "reviewed", "no_show", "accepted", "ready")
_MOST_SESSIONS = 200
_FEW = 20


class AssignForm(Strict):
    """Lines that were ticked, the session they belong to, and why."""

    line: Annotated[list[str], Field(min_length=1, max_length=500)]
    session_id: SessionId
    reason: Name


class RefundForm(Strict):
    """A refund without a line, the platform's number of the line that it belongs to, and why."""

    refund: str
    line_id: Name
    reason: Name


class DataQuery(ListQuery):
    """A page of lines: as many as one looks through at once, on a phone too."""

    limit: Annotated[QueryInt, Field(ge=1, le=LARGEST_LIMIT)] = 20


@pages.get("")
@reads("imports.read", query=DataQuery)
def index(*, db: Session, actor: Actor, query: DataQuery) -> Response:
    """Ways in, lines without a session, refunds without a line, events held back and contradicted ones."""
    return _page(db, actor, query, forms.blank())


@pages.post("")
@writes("sales.assign")
def place(*, db: Session, actor: Actor) -> Response:
    """Put the ticked lines into a session, or a refund to a line; this stands above what is found without a person."""
    if "refund" in request.form:
        return _place_refund(db, actor)
    given = forms.read(AssignForm, request.form, lists=("line",))
    wanted = given.value
    if wanted is None:
        return _page(db, actor, DataQuery(), given)

    def put() -> None:
        for line_id in sorted({read_id("lin", written) for written in wanted.line}):
            assign(db, actor, line_id, wanted.session_id, wanted.reason)

    attempt(db, "done.assigned", put)
    return redirect(url_for("hub_data.index"), 303)  # type: ignore[return-value]


def _place_refund(db: Session, actor: Actor) -> Response:
    given = forms.read(RefundForm, request.form)
    wanted = given.value
    if wanted is None:
        return _page(db, actor, DataQuery(), given)

    def put() -> None:
        try:
            assign_refund(db, actor, read_id("rfd", wanted.refund), wanted.line_id, wanted.reason)
        except NoSuchLine:
            raise Invalid([FieldError("line_id", "no_such_line")]) from None

    attempt(db, "done.refund_assigned", put)
    return redirect(url_for("hub_data.index"), 303)  # type: ignore[return-value]


def _page(db: Session, actor: Actor, query: ListQuery, form: forms.Form[Any]) -> Response:
    loose = page_of_unattributed(db, actor, limit=query.limit, cursor=query.cursor)
    answer = render_template(
        "hub/data.html",
        form=form,
        ways=ways_in(db, actor),
        refused=refused_by_shop(db, actor),
        loose=loose,
        limit=query.limit,
        sessions=[(ids.public("ses", one.id), one) for one in _near(db, actor, loose)],
        held=page_of_quarantined(db, actor, limit=_FEW),
        contradicted=page_of_conflicts(db, actor, limit=_FEW),
        may_assign=allows(actor, "sales.assign"),
    )
    return make_response(answer, 422 if form.errors or form.faults else 200)


def _near(db: Session, actor: Actor, loose: Page[Loose]) -> Sequence[SessionView]:
    """Sessions that were on around the lines of this page: the ones they may belong to."""
    moments = [one.at for one in loose.items if one.kind == "line" and one.at is not None]
    if not moments:
        return []
    wanted = SessionFilter(
        from_at=min(moments) - _AROUND, to_at=max(moments) + _AROUND, states=_WAS_ON, newest_first=True
    )
    return page_of_sessions(db, actor, wanted, limit=_MOST_SESSIONS).items
