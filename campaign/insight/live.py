"""Live figures of sessions: from Redis for the hub, from SQL where Redis is behind or the view is partial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import structlog
from sqlalchemy.orm import Session

from campaign.insight.figures import Totals
from campaign.insight.summary import whole
from campaign.insight.tallies import NAMES, Scope, maturing_by, totals_by
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.instants import parse
from campaign.kit.redis import Client, RedisError
from campaign.sales import projecting
from campaign.schedule.queries import get_session

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class LiveFigures:
    """What a session sold up to `as_of`. version grows with every fold; source says where it was read."""

    session_id: int
    totals: tuple[Totals, ...]
    as_of: datetime
    version: int
    source: Literal["redis", "sql"]


def live_figures(db: Session, actor: Actor, session_id: int, client: Client | None) -> LiveFigures:
    """One session's figures, as much as the actor may see. Raises NotFound."""
    get_session(db, actor, session_id)
    found = live_figures_of(db, actor, [session_id], client)[session_id]
    if found.source == "sql":
        return found
    # What is final becomes so by time alone, with nothing folded: no projection knows of it.
    maturing = maturing_by(db, actor, Scope(session_id=session_id))
    totals = tuple(
        replace(one, maturing=one.currency in maturing, maturing_fen=maturing.get(one.currency, 0))
        for one in found.totals
    )
    return replace(found, totals=totals)


def live_figures_of(
    db: Session, actor: Actor, session_ids: Sequence[int], client: Client | None
) -> dict[int, LiveFigures]:
    """Figures of several shows on air in one round trip. Redis holds whole sessions, so others than the hub read SQL.

    Of those from Redis everything is said to mature still: on the evening itself nothing is final.
    """
    found = _from_redis(session_ids, client) if actor.is_hub and client is not None else {}
    made = {session_id: _of_projection(session_id, told) for session_id, told in found.items()}
    for session_id in session_ids:
        if session_id not in made:
            totals = whole(totals_by(db, actor, Scope(session_id=session_id)))
            made[session_id] = LiveFigures(session_id, totals, clock.now(db), 0, "sql")
    return made


def _from_redis(session_ids: Sequence[int], client: Client) -> Mapping[int, dict[str, Any]]:
    try:
        return projecting.find(client, session_ids)
    except RedisError as error:
        log.info("live_figures_from_sql", error=type(error).__name__)
        return {}


def _of_projection(session_id: int, told: Mapping[str, Any]) -> LiveFigures:
    totals = tuple(
        Totals(
            currency=currency,
            orders=figures["orders"],
            **{name: figures[column] for name, column in NAMES.items()},
            maturing=True,
            maturing_fen=_net(figures),
        )
        for currency, figures in sorted(told["totals"].items())
    )
    as_of = parse(told["as_of"])
    return LiveFigures(session_id, totals or (Totals("CNY"),), as_of, told["version"], "redis")


def _net(figures: Mapping[str, int]) -> int:
    refunds = sum(figures[f"refund_{stage}_fen"] for stage in ("pre_ship", "post_ship", "post_receipt"))
    return figures["paid_fen"] - refunds
