"""By which rung lines found their session, and how many people bought: counted from lines, kept until they moved."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.figures import Rung, Totals
from campaign.insight.tallies import wall_params, walls
from campaign.kit.actor import Actor
from campaign.kit.kept import Kept
from campaign.kit.money import divided

MOST_KEPT = 500
"""Shows: each for the hub, its brands and its agencies."""

_kept: Kept[tuple[tuple[Rung, ...], dict[str, int | None]]] = Kept(MOST_KEPT)
_VERSION = text("SELECT version FROM session_sales WHERE session_id = :session_id")


def rungs_of(db: Session, actor: Actor, session_id: int) -> tuple[Rung, ...]:
    """Rungs of what was sold and paid, each with its share of what was paid in its currency."""
    sql = (
        "SELECT rung, provisional, count(*) AS lines, sum(paid_fen)::bigint AS paid_gmv_fen, currency"
        " FROM order_line l WHERE session_id = :session_id AND kind IN ('sale', 'service')"
        f" AND paid_at IS NOT NULL AND {' AND '.join(walls(actor, 'l'))} GROUP BY 1, 2, 5 ORDER BY 1, 2"
    )
    found = db.execute(text(sql), wall_params(actor) | {"session_id": session_id}).mappings()
    rungs = [Rung(**row) for row in found]
    paid: Counter[str] = Counter()
    for one in rungs:
        paid[one.currency] += one.paid_gmv_fen
    return tuple(replace(one, share=divided(one.paid_gmv_fen * 10_000, paid[one.currency])) for one in rungs)


def while_on_air(
    db: Session, actor: Actor, session_id: int, totals: Sequence[Totals]
) -> tuple[tuple[Rung, ...], tuple[Totals, ...]]:
    """The rungs, and the totals with their buyers: of lines read once each time the session's figures have moved."""
    version = db.execute(_VERSION, {"session_id": session_id}).scalar_one_or_none()
    question = (session_id, actor.is_hub, actor.role, *wall_params(actor).values())
    found = _kept.find(question, version)
    if found is None:
        found = rungs_of(db, actor, session_id), _buyers(db, actor, session_id)
        _kept.keep(question, version, found)
    rungs, buyers = found
    return rungs, tuple(
        replace(one, buyers=buyers.get(one.currency) if one.buyers is None else one.buyers) for one in totals
    )


def _buyers(db: Session, actor: Actor, session_id: int) -> dict[str, int | None]:
    """By currency; None where a line does not say who bought."""
    sql = (
        "SELECT currency, CASE WHEN bool_and(buyer_hash IS NOT NULL) THEN count(DISTINCT buyer_hash) END AS buyers"
        " FROM order_line l WHERE session_id = :session_id AND kind = 'sale' AND paid_at IS NOT NULL"
        f" AND bucket = 'live' AND {' AND '.join(walls(actor, 'l'))} GROUP BY 1"
    )
    found = db.execute(text(sql), wall_params(actor) | {"session_id": session_id})
    return {row.currency: row.buyers for row in found}
