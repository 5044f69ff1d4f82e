"""A show on air as its page shows it, and all of them as a wall does: sums alone, nothing is recounted for a look."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.catalog.queries import forest
from campaign.insight.audience import Audience, audience_of, online_of
from campaign.insight.figures import Minute, ProductRow, Rung, Totals
from campaign.insight.ladder import while_on_air
from campaign.insight.live import LiveFigures, live_figures_of
from campaign.insight.marks import Mark, marks_of
from campaign.insight.pacing import Pace, pace_of_show
from campaign.insight.planned import planned_by
from campaign.insight.summary import named_products
from campaign.insight.tallies import Scope, minutes_by_session, sums_by, wall_params, walls
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.money import divided
from campaign.kit.redis import Client
from campaign.live.alerts import alerts_of
from campaign.live.handovers import HandoverView, handovers_of
from campaign.live.models import Alert
from campaign.schedule.views import SessionView

MOST_PRODUCTS = 30
MOST_REFUNDS = 12
_LOOKED_AT = 60
"""Lines that changed last: a little more than is shown, since a line may change for another reason."""


@dataclass(frozen=True)
class Refund:
    """A refund that came through; minor units of `currency`."""

    at: datetime
    status: str
    amount_fen: int
    currency: str
    product: str
    product_en: str
    sku: str
    reason: str


@dataclass(frozen=True)
class OnAir:
    """One show. online: None where nobody counts; pace: None without a target, in the currency of the target."""

    session: SessionView
    figures: LiveFigures
    online: int | None
    pace: Pace | None
    pace_currency: str
    alerts: tuple[Alert, ...]
    minutes: tuple[Minute, ...]


@dataclass(frozen=True)
class Detail:
    """What only the page of one show has. handovers: those that stand. totals: with their buyers, where every line says
    who bought; products: of each currency by what was paid; orders of a product are not counted.
    """

    marks: tuple[Mark, ...]
    handovers: tuple[HandoverView, ...]
    audience: Audience | None
    totals: tuple[Totals, ...]
    rungs: tuple[Rung, ...]
    products: tuple[ProductRow, ...]
    refunds: tuple[Refund, ...]


def shows_on_air(
    db: Session, actor: Actor, sessions: Sequence[SessionView], client: Client | None, *, step_minutes: int
) -> list[OnAir]:
    """Shows in the order given, in a fixed number of statements; curves by steps of so many minutes."""
    ids = [session.id for session in sessions]
    figures = live_figures_of(db, actor, ids, client)
    online = online_of(db, actor, ids)
    alerts = alerts_of(db, actor, ids)
    minutes = minutes_by_session(db, actor, ids, step_minutes)
    targets = _targets(db, actor, sessions)
    now = clock.now(db)
    made = []
    for session in sessions:
        target = targets.get(session.id)
        own = figures[session.id]
        made.append(
            OnAir(
                session=session,
                figures=own,
                online=online.get(session.id),
                pace=None if target is None else _pace(session, own, target, now),
                pace_currency="" if target is None else target[1],
                alerts=tuple(alerts.get(session.id, ())),
                minutes=tuple(Minute(**row) for row in minutes.get(session.id, ())),
            )
        )
    return made


def detail_of(db: Session, actor: Actor, session_id: int, totals: Sequence[Totals]) -> Detail:
    """What was explained, what sold and what came back last, as much of it as the actor may see."""
    products = sums_by(db, actor, Scope(session_id=session_id), "product")
    rungs, counted = while_on_air(db, actor, session_id, totals)
    return Detail(
        marks=marks_of(db, actor, session_id),
        handovers=tuple(one for one in handovers_of(db, actor, session_id) if one.stands),
        audience=audience_of(db, actor, session_id, counted),
        totals=counted,
        rungs=rungs,
        products=_most(named_products(db, products)),
        refunds=_refunds(db, actor, session_id),
    )


def _most(rows: Sequence[ProductRow]) -> tuple[ProductRow, ...]:
    """The first of each currency: those sold in another take no room from them."""
    kept: Counter[str] = Counter()
    found = []
    for row in rows:
        kept[row.totals.currency] += 1
        if kept[row.totals.currency] <= MOST_PRODUCTS:
            found.append(row)
    return tuple(found)


def _refunds(db: Session, actor: Actor, session_id: int) -> tuple[Refund, ...]:
    sql = (
        "SELECT coalesce(f.succeeded_at, f.applied_at) AS at, f.status, f.amount_fen,"
        " coalesce(f.currency, l.currency) AS currency, f.reason,"
        " coalesce(p.name, '') AS product, coalesce(p.name_en, '') AS product_en,"
        " coalesce(p.sku, l.merchant_sku, '') AS sku FROM (SELECT l.* FROM order_line l"
        f" WHERE l.session_id = :session_id AND l.refund_fen > 0 AND {' AND '.join(walls(actor, 'l'))}"
        " ORDER BY l.updated_at DESC LIMIT :looked_at) l"
        " JOIN refund f ON f.shop_id = l.shop_id AND f.line_id = l.line_id"
        " LEFT JOIN product p ON p.id = l.product_id"
        " WHERE f.status = 'success' ORDER BY 1 DESC NULLS LAST, f.refund_id LIMIT :most"
    )
    values = {"session_id": session_id, "looked_at": _LOOKED_AT, "most": MOST_REFUNDS}
    return tuple(Refund(**row) for row in db.execute(text(sql), values | wall_params(actor)).mappings())


def _targets(db: Session, actor: Actor, sessions: Sequence[SessionView]) -> dict[int, tuple[int, str]]:
    """Session → the part of its campaign's paid target that its planned time has of all that is planned for it.

    The hub's: a brand's goal says nothing of one show, and an agency has none.
    """
    wanted = {session.campaign_id for session in sessions} - {None}
    if not wanted or not actor.is_hub:
        return {}
    nodes = [node for root in forest(db, actor) for node in root.walk() if node.campaign.id in wanted]
    planned = planned_by(db, actor, sorted({one for node in nodes for one in node.ids}), "campaign")
    whole: dict[int, tuple[int, int, str]] = {}
    for node in nodes:
        target = node.rolled.paid_fen
        minutes = sum(planned[str(one)].minutes for one in node.ids if str(one) in planned)
        if target is not None and minutes:
            whole[node.campaign.id] = (target, minutes, node.campaign.currency)
    made = {}
    for session in sessions:
        found = whole.get(session.campaign_id or 0)
        if found is not None:
            target, minutes, currency = found
            own = int((session.ends_at - session.starts_at).total_seconds() // 60)
            made[session.id] = (divided(target * own, minutes) or 0, currency)
    return made


def _pace(session: SessionView, figures: LiveFigures, target: tuple[int, str], now: datetime) -> Pace | None:
    target_fen, currency = target
    paid = sum(one.paid_gmv_fen for one in figures.totals if one.currency == currency)
    began = session.actual_starts_at or session.starts_at
    return pace_of_show(target_fen, paid, began, session.ends_at, now)
