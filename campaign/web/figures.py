"""Sales figures that stand on several pages."""

from typing import Any

from flask import render_template
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate.current import parts
from campaign.gate.reports import part_of
from campaign.gate.streams import Part
from campaign.insight.curves import curves_of
from campaign.insight.live import live_figures_of
from campaign.insight.onair import detail_of, shows_on_air
from campaign.insight.summary import SessionSales, session_sales
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.live.airtime import actuals_of
from campaign.schedule.views import SessionView
from campaign.web.show import fen_short


def money_of(db: Session, actor: Actor, session_ids: list[int]) -> dict[int, str]:
    """Paid GMV of sessions on air, short; currencies side by side, never added."""
    if not session_ids:
        return {}
    figures = live_figures_of(db, actor, session_ids, parts().redis)
    return {
        session_id: " ".join(fen_short(one.paid_gmv_fen, one.currency) for one in found.totals)
        for session_id, found in figures.items()
        if found.totals
    }


def sales_of(db: Session, actor: Actor, session: SessionView) -> SessionSales | None:
    """What a session sold, of what the actor may see; None before it went on air."""
    return session_sales(db, actor, session.id) if session.actual_starts_at else None


def sold_of(db: Session, actor: Actor, session: SessionView) -> dict[str, Any]:
    """What any page of a session says of its sales: while on air the part that follows, afterwards the whole; and how
    the show went beside its plan. part: the words for readers whose figures are a part of the session's.
    """
    on_air = session.state == "live"
    sales = None if on_air else sales_of(db, actor, session)
    told = show_of(db, actor, session) if on_air else {"curves": curves_of(sales.minutes) if sales else {}}
    actuals = actuals_of(session, clock.now(db))
    part = part_of(actor, session)
    return {"session": session, "sales": sales, "on_air": on_air, "actuals": actuals, "part": part, **told}


def show_of(db: Session, actor: Actor, session: SessionView) -> dict[str, Any]:
    """What the part of a page that follows a show on air wants, of what the actor may see."""
    (show,) = shows_on_air(db, actor, [session], parts().redis, step_minutes=1)
    return {
        "show": show,
        "curves": curves_of(show.minutes),
        "detail": detail_of(db, actor, session.id, show.figures.totals),
        "may_acknowledge": allows(actor, "alerts.write"),
    }


def show_part(db: Session, actor: Actor, session: SessionView) -> Part:
    """That part; over once the show is off air."""
    text = render_template("hub/session_now.html", **show_of(db, actor, session))
    return Part(text, is_over=session.state != "live")
