"""The board: studios as rows, the day from 06:00 to 06:00 across."""

from collections import Counter
from datetime import datetime, time, timedelta
from typing import Literal

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate.door import reads
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.fields import Strict
from campaign.parties.models import Hub
from campaign.parties.queries import get_hub
from campaign.parties.schemas import Day
from campaign.schedule.boards import board_of_day
from campaign.schedule.spans import board_day, board_day_of
from campaign.schedule.states import STATES
from campaign.web.figures import money_of
from campaign.web.hub.layout import rows_of, slot_of
from campaign.web.show import zone

pages = Blueprint("hub_board", __name__, url_prefix="/hub/board")

# So few studios fit on a screen with roomy rows.
_FEW = 12


class BoardQuery(Strict):
    """Which day, how high the rows are, and whether cancelled sessions show."""

    day: Day | None = None
    rows: Literal["24", "48"] | None = None
    cancelled: Literal["0", "1"] = "0"


@pages.get("")
@reads("hub.pages", query=BoardQuery)
def index(*, db: Session, actor: Actor, query: BoardQuery) -> str:
    """One day on the board."""
    now = clock.now(db)
    day = query.day or board_day_of(now, zone())
    span = board_day(day, zone())
    board = board_of_day(db, actor, *span, cancelled=query.cancelled == "1")
    sessions = sorted(
        (session for row in board.rows for session in row.sessions), key=lambda one: one.starts_at
    )
    hub = get_hub(db, actor)
    return render_template(
        "hub/board.html",
        day=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        roomy=query.rows == "48" or (query.rows is None and len(board.rows) <= _FEW),
        with_cancelled=query.cancelled == "1",
        may_plan=allows(actor, "sessions.plan"),
        states=STATES,
        counts=Counter(session.state for session in sessions),
        rows=rows_of(board.rows, span, now, _open_minutes(hub)),
        now_slot=slot_of(now, span),
        hours=_hours(span),
        sessions=sessions,
        money=money_of(db, actor, [one.id for one in sessions if one.state == "live"]),
        opens=hub.opens,
        closes=hub.closes,
    )


def _open_minutes(hub: Hub) -> int:
    """Length of the opening hours; the same time twice means around the clock."""
    opens, closes = _minutes(hub.opens), _minutes(hub.closes)
    return (closes - opens) % (24 * 60) or 24 * 60


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _hours(span: tuple[datetime, datetime]) -> list[str]:
    return [(span[0] + timedelta(hours=hour)).astimezone(zone()).strftime("%H:%M") for hour in range(24)]
