"""The host's card: next call, studio, line-up, one tap each, own results. Opened by a link, or from the account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.delivery.notices.queries import notices_of_host
from campaign.gate.current import parts
from campaign.gate.door import opened, public, reads
from campaign.insight.summary import session_sales
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import NotFound
from campaign.live.airtime import Actuals, actuals_of
from campaign.live.correcting import may_undo
from campaign.live.links import card_token, card_verb, holder_of_card, host_of_card
from campaign.live.running import EARLIEST_TAP
from campaign.parties.models import Host
from campaign.parties.queries import get
from campaign.schedule.queries import roster_of_host
from campaign.schedule.views import SessionView
from campaign.web.paths import read_id
from campaign.web.taps import new_token, tap_of
from campaign.web.verbs import attempt

pages = Blueprint("host_card", __name__)

_BACK, _AHEAD, _PAST = timedelta(hours=3), timedelta(days=7), timedelta(days=30)
_OVER = ("ended", "reviewed", "no_show")
_MOST_PAST = 8


@dataclass(frozen=True)
class Past:
    """A session that is over: plan against actual, and what the host's own shifts sold."""

    session: SessionView
    actuals: Actuals
    totals: Any


@pages.get("/host")
@reads("host.pages")
def own(*, db: Session, actor: Actor) -> Response:
    """A host with an account opens the same card."""
    if actor.host_id is None:
        raise NotFound
    token = card_token(parts().settings.secret_key, get(db, actor, Host, actor.host_id))
    return redirect(url_for("host_card.show", token=token), 302)  # type: ignore[return-value]


@pages.get("/card/<token>")
@public
def show(token: str) -> str:
    """What lies before the host whose card this is, and how the last shows went."""
    with opened(SYSTEM, readonly=True) as db:
        host = host_of_card(db, parts().settings.secret_key, token)
        now, holder = clock.now(db), holder_of_card(host)
        roster = roster_of_host(db, holder, host.id, now - _PAST, now + _AHEAD)
        ahead = [one for one in roster if not _is_past(one, now)]
        past = [one for one in reversed(roster) if one.state in _OVER][:_MOST_PAST]
        return render_template(
            "host/card.html",
            host=host,
            roster=ahead,
            past=[_past(db, holder, one, now) for one in past],
            told=notices_of_host(db, SYSTEM, host.id),
            link=token,
            once=new_token(),
            now=now,
            call_times={one.id: _call_time(one, host.id) for one in ahead},
            # Taps work from two hours before the start; before that a button would only be pressed by mistake.
            tapping={one.id for one in ahead if one.starts_at - EARLIEST_TAP <= now},
            undoing={one.id for one in ahead if may_undo(db, SYSTEM, one.id)},
        )


@pages.post("/card/<token>/<session_id>/<any(arrive,start,end,extend,undo,accept,decline):verb>")
@public
def act(token: str, session_id: str, verb: str) -> Response:
    """One tap by the host. The same one sent again finds it done and says the same."""
    found, tap = read_id("ses", session_id), tap_of(request.form)
    key = parts().settings.secret_key
    with opened(SYSTEM) as db:
        attempt(db, f"done.{verb}", lambda: card_verb(db, key, token, found, verb, tap))
    return redirect(url_for("host_card.show", token=token), 303)  # type: ignore[return-value]


def _is_past(session: SessionView, now: datetime) -> bool:
    """Over long enough that a wrong tap is no longer taken back."""
    if session.state in ("ended", "reviewed"):
        return session.actual_ends_at is None or now - session.actual_ends_at > timedelta(minutes=10)
    return session.ends_at < now - _BACK


def _past(db: Session, holder: Actor, session: SessionView, now: datetime) -> Past:
    totals = session_sales(db, holder, session.id).totals if session.actual_starts_at else ()
    return Past(session, actuals_of(session, now), totals)


def _call_time(session: SessionView, host_id: int) -> datetime:
    """When to be there: the set-up before the own shift."""
    shift = next((one.starts_at for one in session.participants if one.host_id == host_id), None)
    return (shift or session.starts_at) - timedelta(minutes=session.setup_minutes)
