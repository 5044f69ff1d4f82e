"""Sales figures that stand on several pages."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from campaign.gate.current import parts
from campaign.insight.curves import Curve, Point, curve_of
from campaign.insight.figures import Minute
from campaign.insight.live import live_figures_of
from campaign.insight.summary import SessionSales, session_sales
from campaign.kit.actor import Actor
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


def curves_of(minutes: Sequence[Minute], *, least_step: int = 1) -> dict[str, Curve]:
    """The paid amount over time, by currency."""
    found = {}
    for currency in sorted({one.currency for one in minutes}):
        of_currency = [Point(one.at, one.paid_gmv_fen) for one in minutes if one.currency == currency]
        curve = curve_of(of_currency, least_step=least_step)
        if curve is not None:
            found[currency] = curve
    return found
