"""Metric samples and room events of a push."""

import json
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.sales.submissions import Submission

_COUNTERS = ("viewers", "views", "online", "impressions", "product_impressions", "product_clicks") + (
    "likes",
    "comments",
    "shares",
    "follows",
    "ad_spend_fen",
)
_SAMPLES = text(
    f"INSERT INTO metric_sample (platform, room_id, at, kind, shop_id, {', '.join(_COUNTERS)})"
    " SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(platform text, room_id text, at timestamptz, kind text, shop_id bigint, "
    + ", ".join(f"{name} bigint" for name in _COUNTERS)
    + ") ORDER BY platform, room_id, at, kind ON CONFLICT DO NOTHING"
)


def note_samples(db: Session, usable: Sequence[tuple[int, Submission]]) -> None:
    """Keep what rooms' counters showed; a second sample of the same moment says nothing new."""
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
    if rows:
        db.execute(_SAMPLES, {"rows": json.dumps(rows)})
