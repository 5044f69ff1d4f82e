"""Summaries that are sent by themselves, each due one once, to a channel of the party that asked for it."""

from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from campaign.insight.figures import Totals
from campaign.insight.standing import TURN_COLUMNS, Turn, turn_of
from campaign.insight.summary import complete_through, whole, zone_of
from campaign.insight.tallies import Scope, totals_by
from campaign.insight.turns import next_turn, told_of
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.errors import DomainError
from campaign.kit.instants import written
from campaign.outbox.notices import tell

log = structlog.get_logger(__name__)

LATE = timedelta(minutes=15)
"""Past this it says that it is late: the clock, or the database, stood still."""
_RETRY = timedelta(minutes=5)
_USEFUL = timedelta(days=7)
_MOST_BRANDS = 5


def send_due(db: Session, _actor: Actor) -> bool:
    """Send one summary that is due; False when none is. Two workers never take the same one.

    The message and the next turn stand in one transaction: after a kill either both are there or neither.
    """
    now = clock.now(db)
    sql = (
        f"SELECT {TURN_COLUMNS} FROM summary_turn t JOIN notice_channel c ON c.id = t.channel_id"
        " WHERE t.ended_at IS NULL AND t.paused_at IS NULL AND c.archived_at IS NULL AND t.next_at <= :now"
        " AND (t.retry_at IS NULL OR t.retry_at <= :now)"
        " ORDER BY t.next_at, t.id LIMIT 1 FOR UPDATE OF t SKIP LOCKED"
    )
    row = db.execute(text(sql), {"now": now}).mappings().one_or_none()
    if row is None:
        return False
    turn = turn_of(row)
    try:
        with db.begin_nested():
            _send(db, turn, now)
    except (DomainError, SQLAlchemyError):
        # One that fails must not stand before the others.
        log.exception("summary_not_sent", turn=turn.id)
        retry = {"id": turn.id, "at": now + _RETRY}
        db.execute(text("UPDATE summary_turn SET retry_at = :at WHERE id = :id"), retry)
    return True


def _send(db: Session, turn: Turn, now: datetime) -> None:
    zone = zone_of(db)
    (first, last), missed = told_of(turn.every, turn.at, turn.next_at, now, zone)
    late = missed or now - turn.next_at > LATE
    reader = Actor(kind="system", role="hub", name="summary")
    if turn.audience == "brand":
        reader = Actor(kind="system", role="brand", name="summary", brand_id=turn.party_id)
    tell(
        db,
        "summary.late" if late else "summary.due",
        turn.audience,  # type: ignore[arg-type]
        [turn.party_id],
        key=f"summary:{turn.id}:{written(turn.next_at)}",
        params=figures_of(db, reader, turn.brand_id, first, last) | {"due_at": written(turn.next_at)},
        channel_id=turn.channel_id,
        useful_until=now + _USEFUL,
    )
    coming = next_turn(turn.every, turn.at, now, zone)
    sql = (
        "UPDATE summary_turn SET next_at = :coming, sent_at = :now, updated_at = :now, retry_at = NULL"
        " WHERE id = :id"
    )
    db.execute(text(sql), {"id": turn.id, "coming": coming, "now": now})


def figures_of(db: Session, reader: Actor, brand_id: int | None, first: date, last: date) -> dict[str, Any]:
    """What a message says: a brand's totals by currency or all brands', as of now and as far as data goes."""
    scope = Scope(brand_id=brand_id, first=first, last=last)
    named = "SELECT name, name_en FROM hub WHERE id = 1"
    if brand_id is not None:
        named = "SELECT name, name_en FROM brand WHERE id = :id"
    name = db.execute(text(named), {"id": brand_id} if brand_id is not None else {}).one()
    complete = complete_through(db, brand_id)
    return {
        "name": name.name,
        "name_en": name.name_en,
        "brand": None if brand_id is None else ids.public("brd", brand_id),
        "range": [str(first), str(last)],
        "totals": [_told(one) for one in whole(totals_by(db, reader, scope))],
        "brands": _most(db, reader, scope) if brand_id is None else [],
        "as_of_at": written(clock.now(db)),
        "complete_at": None if complete is None else written(complete),
    }


def _told(one: Totals) -> dict[str, Any]:
    names = ("currency", "paid_gmv_fen", "refund_fen", "net_gmv_fen", "orders", "maturing", "maturing_fen")
    return {name: getattr(one, name) for name in names}


def _most(db: Session, reader: Actor, scope: Scope) -> list[dict[str, Any]]:
    """Of each currency the brands that sold most in it."""
    found = totals_by(db, reader, scope, "brand")
    by_currency: dict[str, list[tuple[int, Totals]]] = {}
    for key, each in found.items():
        for one in each:
            if key != "0" and one.paid_gmv_fen > 0:
                by_currency.setdefault(one.currency, []).append((int(key), one))
    rows = [
        row
        for _, own in sorted(by_currency.items())
        for row in sorted(own, key=lambda row: (-row[1].paid_gmv_fen, row[0]))[:_MOST_BRANDS]
    ]
    names = db.execute(
        text("SELECT id, name, name_en FROM brand WHERE id = ANY(:ids)"), {"ids": [row[0] for row in rows]}
    )
    known = {row.id: {"name": row.name, "name_en": row.name_en} for row in names}
    return [known[key] | {"currency": one.currency, "paid_fen": one.paid_gmv_fen} for key, one in rows]
