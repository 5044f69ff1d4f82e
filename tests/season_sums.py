"""What the product holds after a season, read back to be compared: lines, rollups, Redis."""

import json
from typing import Any

from sqlalchemy import text

from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.kit.parts import Parts
from campaign.sales import projecting
from campaign.sales.images import MEASURES
from tests.oracle import ledger

_LINES = text(
    "SELECT shop_id, line_id, bucket, rung, provisional, coalesce(session_id, 0) AS session_id,"
    " coalesce(host_id, 0) AS host_id, coalesce(agency_id, 0) AS agency_id, coalesce(brand_id, 0) AS brand_id,"
    " coalesce(product_id, 0) AS product_id, currency, refund_fen FROM order_line WHERE known"
)


def lines_in(database: Database) -> dict[tuple[int, str], dict[str, Any]]:
    """Where each line stands, and what of it came back."""
    with database.transaction(SYSTEM) as db:
        return {(row.shop_id, row.line_id): dict(row._mapping) for row in db.execute(_LINES)}


def rollup(database: Database, table: str) -> dict[Any, dict[str, int]]:
    """A rollup as it stands: {key as sorted pairs: figures that are not nought}."""
    with database.transaction(SYSTEM) as db:
        rows = [dict(row._mapping) for row in db.execute(text(f"SELECT * FROM {table}"))]
    found = {}
    for row in rows:
        figures = {name: row[name] for name in MEASURES if row.get(name)}
        if figures:
            found[ledger.pairs(**{k: v for k, v in row.items() if k not in MEASURES})] = figures
    return found


def in_redis(parts: Parts) -> dict[int, dict[str, dict[str, int]]]:
    """What Redis holds of every session, without noughts."""
    found = {}
    for key in parts.redis.scan_iter(match=f"{projecting.PREFIX}*"):
        name = key.decode() if isinstance(key, bytes) else key
        totals = json.loads(parts.redis.hget(name, "payload") or "{}")["totals"]
        told = {currency: {k: v for k, v in one.items() if v} for currency, one in totals.items()}
        told = {currency: one for currency, one in told.items() if one}
        if told:
            found[int(name.removeprefix(projecting.PREFIX))] = told
    return found
