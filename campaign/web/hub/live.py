"""The live floor: every show on air with its figures, beside the menu or as a wall; both follow by themselves."""

from collections import Counter
from typing import Any

from flask import Blueprint, Response, render_template
from sqlalchemy.orm import Session

from campaign.gate.current import parts
from campaign.gate.door import reads
from campaign.gate.streams import Part, conditional
from campaign.insight.curves import curves_of
from campaign.insight.onair import OnAir, shows_on_air
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.parties.queries import get_hub
from campaign.schedule.queries import page_of_sessions
from campaign.schedule.schemas import SessionFilter

pages = Blueprint("hub_live", __name__, url_prefix="/hub/live")

STEP_MINUTES = 5
"""Of the small curves: a room's evening in some fifty points."""


@pages.get("")
@reads("hub.pages")
def index(*, db: Session, actor: Actor) -> str:
    """All shows on air, within the pages."""
    return render_template("hub/live.html", **_floor(db, actor))


@pages.get("/wall")
@reads("hub.pages")
def wall(*, db: Session, actor: Actor) -> str:
    """The same for a big screen: dark, and legible from afar."""
    return render_template(
        "hub/live_wall.html", hub=get_hub(db, actor), now=clock.now(db), **_floor(db, actor)
    )


@pages.get("/now")
@reads("hub.pages")
def now(*, db: Session, actor: Actor) -> Response:
    """What both ask for: 304 while nothing changed on any of them."""
    return conditional(Part(render_template("hub/live_now.html", **_floor(db, actor))))


def _floor(db: Session, actor: Actor) -> dict[str, Any]:
    sessions = page_of_sessions(db, actor, SessionFilter(states=("live",)), limit=200).items
    shows = shows_on_air(db, actor, sessions, parts().redis, step_minutes=STEP_MINUTES)
    return {
        "shows": shows,
        "curves": {show.session.id: curves_of(show.minutes, least_step=STEP_MINUTES) for show in shows},
        "sums": _sums(shows),
        # Lines, not orders: an order with lines in two shows would count twice.
        "lines": sum(total.lines for show in shows for total in show.figures.totals),
        "online": sum(show.online or 0 for show in shows) if any(show.online for show in shows) else None,
        "ringing": sum(alert.acknowledged_at is None for show in shows for alert in show.alerts),
    }


def _sums(shows: list[OnAir]) -> dict[str, int]:
    """What all rooms were paid, by currency, the most first; currencies are never added."""
    sums: Counter[str] = Counter()
    for show in shows:
        for total in show.figures.totals:
            sums[total.currency] += total.paid_gmv_fen
    return dict(sums.most_common())
