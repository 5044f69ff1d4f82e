"""The shops of a batch: found, or registered when first seen; and how far each one's data goes."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.sales.submissions import Submission

ShopKey = tuple[str, str]
"""Platform and the platform's own shop id."""

_KEY = attrgetter("platform", "shop_ref")

_FIND = text(
    "SELECT s.id, s.platform, s.external_id FROM shop s JOIN jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(platform text, external_id text) USING (platform, external_id)"
)
_ADD = text(
    "INSERT INTO shop (platform, external_id, name) SELECT platform, external_id, external_id"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(platform text, external_id text) ORDER BY 1, 2"
    " ON CONFLICT (platform, external_id) DO NOTHING"
)


def of_batches(db: Session, batches: Sequence[tuple[Actor, Sequence[Submission]]]) -> list[list[int | None]]:
    """For each event of each batch the id of its shop, or None where its actor may not feed that.

    A shop first seen is registered, without a brand.
    """
    told = [list(map(_KEY, given)) for _, given in batches]
    wanted = [set(keys) for keys in told]
    known = _find(db, sorted(set().union(*wanted)))
    bound = [set(actor.shop_ids) for actor, _ in batches]
    new = {
        key for keys, own in zip(wanted, bound, strict=True) if not own for key in keys if key not in known
    }
    if new:
        db.execute(_ADD, {"rows": _rows(sorted(new))})
        known |= _find(db, sorted(new))
    may_feed = [
        {key: known[key] for key in keys if key in known and (not own or known[key] in own)}
        for keys, own in zip(wanted, bound, strict=True)
    ]
    return [list(map(own.get, keys)) for own, keys in zip(may_feed, told, strict=True)]


def _find(db: Session, wanted: Sequence[ShopKey]) -> dict[ShopKey, int]:
    return {(row.platform, row.external_id): row.id for row in db.execute(_FIND, {"rows": _rows(wanted)})}


def _rows(keys: Sequence[ShopKey]) -> str:
    return json.dumps([{"platform": platform, "external_id": external} for platform, external in keys])


_PROGRESS = text(
    "INSERT INTO shop_progress (shop_id, complete_through, received_at)"
    " SELECT shop_id, through, :now FROM unnest(CAST(:shops AS bigint[]), CAST(:through AS timestamptz[]))"
    " AS r(shop_id, through) ORDER BY shop_id ON CONFLICT (shop_id) DO UPDATE"
    " SET complete_through = greatest(shop_progress.complete_through, excluded.complete_through),"
    " received_at = greatest(shop_progress.received_at, excluded.received_at)"
)
_TOLD = text(
    "INSERT INTO shop_progress (shop_id, received_at, asked_by) SELECT shop_id, :now, :connector_id"
    " FROM unnest(CAST(:shops AS bigint[])) AS r(shop_id) ORDER BY shop_id ON CONFLICT (shop_id) DO UPDATE"
    " SET received_at = greatest(shop_progress.received_at, excluded.received_at), asked_by = excluded.asked_by"
)
_COMPLETE = text(
    "WITH mine AS MATERIALIZED ("
    " SELECT shop_id FROM shop_progress WHERE shop_id = ANY(CAST(:shops AS bigint[])) ORDER BY shop_id FOR UPDATE"
    ") UPDATE shop_progress g SET complete_through = greatest(g.complete_through, r.through) FROM mine,"
    " unnest(CAST(:shops AS bigint[]), CAST(:through AS timestamptz[])) AS r(shop_id, through)"
    " WHERE g.shop_id = mine.shop_id AND r.shop_id = mine.shop_id AND g.complete_through IS DISTINCT FROM r.through"
)


def note_progress(db: Session, through: dict[int, datetime], now: datetime) -> None:
    """How far each shop's merged data goes: up to the moment given for it, but never past now."""
    if through:
        shop_ids = sorted(through)
        values = {"shops": shop_ids, "through": [min(through[shop_id], now) for shop_id in shop_ids]}
        db.execute(_PROGRESS, values | {"now": now})


def note_told(db: Session, shop_ids: Iterable[int], connector_id: int, now: datetime) -> None:
    """Details of these shops' orders came: how far they are complete is said by the account, after its turn."""
    values = {"shops": sorted(shop_ids), "connector_id": connector_id, "now": now}
    if values["shops"]:
        db.execute(_TOLD, values)


_TOLD_BY = text(
    "SELECT s.external_id, EXISTS (SELECT FROM order_line l WHERE l.shop_id = g.shop_id AND l.line_id = :line_id)"
    " AS has_line FROM shop_progress g JOIN shop s ON s.id = g.shop_id WHERE g.asked_by = :connector_id"
)


def told_by(db: Session, connector_id: int, line_id: str) -> str | None:
    """The platform's number of the shop whose orders an account tells; of several the one that has this line.

    None where there is none, or more than one.
    """
    told = db.execute(_TOLD_BY, {"connector_id": connector_id, "line_id": line_id}).all()
    found = [row for row in told if row.has_line] or told
    return found[0].external_id if len(found) == 1 else None


def note_complete(db: Session, through: dict[int, datetime]) -> None:
    """How far shops' data goes, without any of it having come."""
    if through:
        shop_ids = sorted(through)
        db.execute(_COMPLETE, {"shops": shop_ids, "through": [through[shop_id] for shop_id in shop_ids]})
