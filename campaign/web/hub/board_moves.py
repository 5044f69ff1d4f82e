"""What the board's script asks for: would it fit, move it, when are its people taken. JSON in the reader's language."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.gate.bodies import read_body
from campaign.gate.door import mended, reads, writes
from campaign.gate.problems import problem_of
from campaign.gate.wording import in_words
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.errors import DomainError, Stale
from campaign.kit.fields import SessionId, Strict
from campaign.parties.schemas import Day
from campaign.schedule import claims
from campaign.schedule.boards import shut_of
from campaign.schedule.queries import get_session, history_of
from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.shifting import Shift, Shifted, shift_all, try_all
from campaign.schedule.spans import Span, board_day
from campaign.schedule.views import SessionView
from campaign.web.hub.board_undo import MovesIn, written_back
from campaign.web.hub.layout import strip_of
from campaign.web.show import clock as clock_text
from campaign.web.show import day as day_text
from campaign.web.show import language, named, zone

pages = Blueprint("hub_board_moves", __name__, url_prefix="/hub/board")


class SpansQuery(Strict):
    """Whose people, and on which board day."""

    session: SessionId
    day: Day


@pages.post("/check")
@reads("sessions.plan")
def check(*, db: Session, actor: Actor) -> Response:
    """What stands in the way of moves; nothing is changed. A version that is no longer the one read is told too."""
    body = read_body(MovesIn)
    try:
        found = try_all(db, actor, body.shifts())
    except DomainError as error:
        return _refused(db, actor, error, body.shifts())
    return jsonify(hard=_worded(found.hard), soft=_worded(found.soft))


@pages.post("/move")
@writes("sessions.plan", body=MovesIn)
def move(*, db: Session, actor: Actor, body: MovesIn) -> Response:
    """Move one session or several at once; gives what takes it back. Refused: nothing has moved."""
    return _attempted(
        db, actor, body.shifts(), lambda: shift_all(db, actor, body.shifts(), reason=body.reason)
    )


@pages.get("/spans")
@reads("hub.pages", query=SpansQuery)
def spans(*, db: Session, actor: Actor, query: SpansQuery) -> Response:
    """When the hosts, accounts and studio of a session are taken or away on that day, in columns of the board."""
    view = get_session(db, actor, query.session)
    within = board_day(query.day, zone())
    people = {one.host_id: named(one) for one in view.participants if one.host_id is not None}
    accounts = {
        one.platform_account_id: one.account_name or ""
        for one in view.channels
        if one.platform_account_id is not None
    }
    called = {("host", one): name for one, name in people.items()}
    called |= {("platform_account", one): name for one, name in accounts.items()}
    by_kind = {"studio": [], "host": sorted(people), "platform_account": sorted(accounts)}
    taken = claims.taken_near(db, actor, by_kind, Span(*within), now=clock.now(db), but=view.id)
    bands = [
        _band(one, within, _("%(name)s is taken", name=called[key]))
        for key, part in taken.items()
        for one in part
    ]
    for key, part in shut_of(db, actor, sorted(people), [], Span(*within)).items():
        why = _("%(name)s is away", name=called[key]) if key in called else _("The hub is closed")
        bands += [_band(one.span, within, f"{why}: {one.reason}" if one.reason else why) for one in part]
    return jsonify(bands=[one for one in bands if one is not None])


def _band(span: Span, within: tuple[datetime, datetime], why: str) -> dict[str, Any] | None:
    strip = strip_of(span.starts_at, span.ends_at, within)
    return {"css": strip.css, "why": why} if strip else None


def _attempted(
    db: Session, actor: Actor, shifts: list[Shift], action: Callable[[], list[Shifted]]
) -> Response:
    try:
        with mended(), db.begin_nested():
            done = action()
            db.flush()
    except DomainError as error:
        if error.status >= 500:
            raise
        error.look_further(db)
        return _refused(db, actor, error, shifts)
    return jsonify(back=written_back(done), said=" ".join(_said(one.session) for one in done))


def _refused(db: Session, actor: Actor, error: DomainError, shifts: list[Shift]) -> Response:
    """The refusal as a problem; a stale one with what has changed and by whom."""
    answer = problem_of(error)
    if not isinstance(error, Stale):
        return answer
    told = changed_since(db, actor, shifts)
    body = answer.get_json() | {"detail": " ".join([in_words("stale", {}), *told])}
    fresh = jsonify(body)
    fresh.status_code = error.status
    return fresh


def changed_since(db: Session, actor: Actor, shifts: list[Shift]) -> list[str]:
    """Of sessions that are no longer the version read: who changed them, and what stands now."""
    told = []
    for shift in shifts:
        view = get_session(db, actor, shift.session_id)
        if shift.version in (None, view.version):
            continue
        last = history_of(db, actor, view.id)[0]
        told.append(
            _(
                "%(who)s changed it at %(at)s. Now: %(now)s",
                who=_("The clock") if last.actor_kind == "system" else last.actor_name,
                at=clock_text(last.at),
                now=_said(view),
            )
        )
    return told


def _said(view: SessionView) -> str:
    over = view.ends_at - view.starts_at >= timedelta(days=1)
    until = f"{day_text(view.ends_at)} " if over else ""
    said: str = _(
        "%(title)s: %(day)s %(starts)s–%(ends)s, %(studio)s, %(state)s.",
        title=view.title,
        day=day_text(view.starts_at),
        starts=clock_text(view.starts_at),
        ends=f"{until}{clock_text(view.ends_at)}",
        studio=view.studio_name_en if language() == "en" and view.studio_name_en else view.studio_name,
        state=in_words(f"state.{view.state}", {}),
    )
    return said


def _worded(found: tuple[Conflict, ...]) -> list[dict[str, Any]]:
    """Conflicts in words, each once."""
    told = {in_words(one.code, one.params): one for one in found}
    return [
        {"message": words, "session": ids.public_or_none("ses", one.session_id)}
        for words, one in told.items()
    ]
