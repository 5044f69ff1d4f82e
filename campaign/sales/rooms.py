"""Metric samples, marks, room events and signs of life: kept, and told to the live state machine."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit.errors import DomainError
from campaign.live import evidence
from campaign.sales.submissions import Submission

log = structlog.get_logger(__name__)

_COUNTERS = ("viewers", "views", "online", "impressions", "product_impressions", "product_clicks") + (
    "likes",
    "comments",
    "shares",
    "follows",
    "ad_spend_fen",
)
# Whatever comes first or last: of two samples of one moment each counter keeps the greater.
_SAMPLES = text(
    f"INSERT INTO metric_sample AS m (platform, room_id, at, kind, shop_id, {', '.join(_COUNTERS)})"
    f" SELECT platform, room_id, at, kind, min(shop_id), {', '.join(f'max({name})' for name in _COUNTERS)}"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(platform text, room_id text, at timestamptz, kind text, shop_id bigint, "
    + ", ".join(f"{name} bigint" for name in _COUNTERS)
    + ") GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 ON CONFLICT (platform, room_id, at, kind) DO UPDATE"
    " SET shop_id = least(m.shop_id, excluded.shop_id), "
    + ", ".join(f"{name} = greatest(m.{name}, excluded.{name})" for name in _COUNTERS)
)


def note_samples(db: Session, usable: Sequence[tuple[int, Submission]]) -> None:
    """Keep what rooms' counters showed. Order and repetition do not matter."""
    rows = [
        {
            "platform": one.platform,
            "room_id": one.sample.room_id,
            "at": one.sample.at.isoformat(),
            "kind": one.sample.kind or "cumulative",
            "shop_id": shop_id,
        }
        | {name: getattr(one.sample, name) for name in _COUNTERS}
        for shop_id, one in usable
        if one.sample is not None
    ]
    if not rows:
        return
    db.execute(_SAMPLES, {"rows": json.dumps(rows)})
    newest: dict[tuple[str, str], tuple[datetime, int]] = {}
    for shop_id, one in usable:
        if one.sample is not None:
            key, seen = (one.platform, one.sample.room_id), (one.sample.at, shop_id)
            newest[key] = max(newest.get(key, seen), seen, key=lambda known: known[0])
    for (platform, room_id), (at, shop_id) in sorted(newest.items()):
        with _tolerant(db, room_id=room_id):
            evidence.sale_seen(db, platform, room_id=room_id, author_id=None, shop_id=shop_id, at=at)


# The newest word on a span counts, whatever came first; of two at one moment the greater.
_SPENDS = text(
    "INSERT INTO ad_spend AS p (platform, account_id, room_id, from_at, to_at, currency, shop_id, amount_fen, told_at)"
    " SELECT DISTINCT ON (platform, account_id, room_id, from_at, to_at, currency) platform, account_id, room_id,"
    " from_at, to_at, currency, shop_id, amount_fen, told_at FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(platform text, account_id text, room_id text, from_at timestamptz, to_at timestamptz, currency text,"
    " shop_id bigint, amount_fen bigint, told_at timestamptz)"
    " ORDER BY platform, account_id, room_id, from_at, to_at, currency, told_at DESC, amount_fen DESC"
    " ON CONFLICT (platform, account_id, room_id, from_at, to_at, currency) DO UPDATE"
    " SET amount_fen = excluded.amount_fen, told_at = excluded.told_at"
    " WHERE (excluded.told_at, excluded.amount_fen) > (p.told_at, p.amount_fen)"
)


def note_spends(db: Session, usable: Sequence[tuple[int, Submission]]) -> None:
    """Keep what was spent on advertising. Order and repetition do not matter."""
    rows = [
        {
            "platform": one.platform,
            "account_id": one.spend.account_id,
            "room_id": one.spend.room_id or "",
            "from_at": one.spend.from_at.isoformat(),
            "to_at": one.spend.to.isoformat(),
            "currency": one.spend.currency,
            "shop_id": shop_id,
            "amount_fen": one.spend.amount_fen,
            "told_at": one.occurred_at.isoformat(),
        }
        for shop_id, one in usable
        if one.spend is not None
    ]
    if rows:
        db.execute(_SPENDS, {"rows": json.dumps(rows)})


_MARKS = text(
    "INSERT INTO explain_mark AS m (platform, room_id, started_at, merchant_sku, shop_id, ended_at)"
    " SELECT platform, room_id, started_at, merchant_sku, min(shop_id), max(ended_at)"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(platform text, room_id text, started_at timestamptz,"
    " merchant_sku text, shop_id bigint, ended_at timestamptz) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    " ON CONFLICT (platform, room_id, started_at, merchant_sku) DO UPDATE"
    " SET shop_id = least(m.shop_id, excluded.shop_id), ended_at = greatest(m.ended_at, excluded.ended_at)"
)


def note_marks(db: Session, usable: Sequence[tuple[int, Submission]]) -> None:
    """Keep when products were talked about; a later word may give the end. Order and repetition do not matter."""
    rows = [
        {
            "platform": one.platform,
            "room_id": one.mark.room_id,
            "started_at": one.mark.started_at.isoformat(),
            "merchant_sku": one.mark.merchant_sku,
            "shop_id": shop_id,
            "ended_at": one.mark.ended_at and one.mark.ended_at.isoformat(),
        }
        for shop_id, one in usable
        if one.mark is not None
    ]
    if rows:
        db.execute(_MARKS, {"rows": json.dumps(rows)})


def note_events(db: Session, usable: Sequence[tuple[int, Submission]]) -> None:
    """Tell the state machine of rooms that went on or off air, in the order it happened.

    What it refuses (the show is cancelled, say) stays in the raw log and does not stop the batch.
    """
    told = [
        (one.room.at, one.room.type, shop_id, one.room) for shop_id, one in usable if one.room is not None
    ]
    for at, kind, shop_id, room in sorted(told, key=lambda row: (row[0], row[1])):
        tell = evidence.platform_started if kind == "room.started" else evidence.platform_ended
        with _tolerant(db, kind=kind, room_id=room.room_id):
            tell(db, room.platform, room.room_id, room.account_id, room.author_id, at, shop_id=shop_id)


def note_signs(db: Session, signs: Mapping[int, datetime]) -> None:
    """Sales are signs of life: a show nobody tapped is on air, and one that sells has not ended."""
    for session_id, at in sorted(evidence.news_of(db, signs).items()):
        with _tolerant(db, session_id=session_id):
            evidence.sign_of_life(db, session_id, at)


_LOOSE = text("""
    SELECT l.platform, l.room_id, l.author_id, l.shop_id, max(l.ordered_at) AS at
    FROM (SELECT DISTINCT shop_id, minute FROM claimed_change
          WHERE session_id = 0 AND bucket = 'unattributed' AND lines > 0) c
    JOIN order_line l ON l.shop_id = c.shop_id AND l.ordered_at >= c.minute
                     AND l.ordered_at < c.minute + interval '1 minute'
    WHERE l.bucket = 'unattributed' AND l.known
      AND (l.room_id IS NOT NULL OR jsonb_path_exists(l.state, '$.layers[*][4].traffic ? (@ == "live")'))
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
""")


def note_loose(db: Session) -> None:
    """Live sales that no session owns: where one is drafted, offered or cancelled there, somebody is on air
    who is not scheduled. Reads the changes that the fold has claimed.
    """
    for row in db.execute(_LOOSE).all():
        with _tolerant(db, room_id=row.room_id, author_id=row.author_id):
            evidence.sale_seen(
                db, row.platform, room_id=row.room_id, author_id=row.author_id, shop_id=row.shop_id, at=row.at
            )


@contextmanager
def _tolerant(db: Session, **about: Any) -> Iterator[None]:
    """A savepoint: evidence that the state machine refuses must not stop the sales beside it."""
    try:
        with db.begin_nested():
            yield
    except DomainError as refused:
        log.info("evidence_refused", code=refused.error_code, **about)
