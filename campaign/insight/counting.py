"""Counts of what is distinct, kept in the process until the brand's lines have another version."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit.kept import Kept

MOST_KEPT = 2000
"""Questions: brand, days, view and grouping. A page asks a dozen."""

_counts: Kept[list[dict[str, Any]]] = Kept(MOST_KEPT)
# The version is read before the lines: counts of newer lines under an older version are at worst made once more.
_VERSION = text("SELECT v.version, h.timezone FROM hub h LEFT JOIN sales_version v ON v.brand_id = :brand_id")


def counted(
    db: Session, sql: str, params: Mapping[str, Any], *, brand_id: int | None
) -> list[dict[str, Any]]:
    """The rows of a count. brand_id: whose lines alone it counts, where nothing else can change it."""
    if brand_id is None:
        return _count(db, sql, params)
    version = db.execute(_VERSION, {"brand_id": brand_id}).one()
    if version.version is None:  # nobody has sold anything, or the actor may not ask for all of the brand
        return _count(db, sql, params)
    question = (sql, repr(sorted((name, value) for name, value in params.items() if name != "now")))
    found = _counts.find(question, tuple(version))
    if found is None:
        found = _count(db, sql, params)
        _counts.keep(question, tuple(version), found)
    return [dict(row) for row in found]


def _count(db: Session, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(text(sql), params).mappings()]
