"""The host's card: next call, studio, line-up, and one tap each. Opened by a link, or from the account."""

from datetime import datetime, timedelta

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.gate.current import parts
from campaign.gate.door import opened, public, reads
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import NotFound
from campaign.live.links import card_token, card_verb, holder_of_card, host_of_card
from campaign.live.running import EARLIEST_TAP
from campaign.parties.models import Host
from campaign.parties.queries import get
from campaign.schedule.answering import accept
from campaign.schedule.queries import roster_of_host
from campaign.schedule.views import SessionView
from campaign.web.paths import read_id
from campaign.web.verbs import attempt

pages = Blueprint("host_card", __name__)

_BACK, _AHEAD = timedelta(hours=3), timedelta(days=7)


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
    """What lies before the host whose card this is."""
    with opened(SYSTEM, readonly=True) as db:
        host = host_of_card(db, parts().settings.secret_key, token)
        now = clock.now(db)
        roster = roster_of_host(db, holder_of_card(host), host.id, now - _BACK, now + _AHEAD)
    shown = [session for session in roster if session.state not in ("ended", "reviewed")]
    return render_template(
        "host/card.html",
        host=host,
        roster=shown,
        link=token,
        call_times={session.id: _call_time(session, host.id) for session in shown},
        # Taps work from two hours before the start; before that a button would only be pressed by mistake.
        tapping={session.id for session in shown if session.starts_at - EARLIEST_TAP <= now},
    )


@pages.post("/card/<token>/<session_id>/<any(arrive,start,end,accept,decline):verb>")
@public
def act(token: str, session_id: str, verb: str) -> Response:
    """One tap by the host. A second one finds it done and says the same."""
    found = read_id("ses", session_id)
    reason = request.form.get("reason", "").strip()
    key = parts().settings.secret_key
    with opened(SYSTEM) as db:
        if verb == "accept":
            holder = holder_of_card(host_of_card(db, key, token))
            attempt(db, "done.accept", lambda: accept(db, holder, found))
        else:
            attempt(db, f"done.{verb}", lambda: card_verb(db, key, token, found, verb, reason=reason))
    return redirect(url_for("host_card.show", token=token), 303)  # type: ignore[return-value]


def _call_time(session: SessionView, host_id: int) -> datetime:
    """When to be there: the set-up before the own shift."""
    shift = next((one.starts_at for one in session.participants if one.host_id == host_id), None)
    return (shift or session.starts_at) - timedelta(minutes=session.setup_minutes)
