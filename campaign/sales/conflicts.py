"""Conflicts: the same key with other content. Never merged, always kept and shown."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.sales.submissions import Submission

_KEEP = text(
    "INSERT INTO sale_conflict (shop_id, type, event_id, digest, seen_at, payload)"
    " SELECT shop_id, type, event_id, decode(digest, 'hex'), :now, payload::jsonb"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(shop_id bigint, type text, event_id text, digest text, payload text) ORDER BY 1, 2, 3, 4"
    " ON CONFLICT DO NOTHING"
)


def keep(db: Session, given: Sequence[tuple[int, Submission]], now: datetime) -> None:
    """Keep contradicting events by shop id; the same contradiction again is kept once."""
    rows = [
        {
            "shop_id": shop_id,
            "type": one.type,
            "event_id": one.event_id,
            "digest": one.digest.hex(),
            "payload": one.content.decode(),
        }
        for shop_id, one in given
    ]
    if rows:
        db.execute(_KEEP, {"rows": json.dumps(rows), "now": now})
