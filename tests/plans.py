"""What a statement reads, by PostgreSQL's own account."""

import json
from typing import Any

from sqlalchemy.orm import Session


def rows_looked_at(db: Session, statement: str, parameters: Any) -> int:
    """Rows that the statement's scans come by, those that a filter throws away too. Runs it once."""
    explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
    found = db.connection().exec_driver_sql(explained, parameters).scalar_one()
    plan = found if isinstance(found, list) else json.loads(found)
    return _looked_at(plan[0]["Plan"])


def _looked_at(node: dict[str, Any]) -> int:
    below = sum(_looked_at(one) for one in node.get("Plans", ()))
    filtered = sum(
        node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck", "Join Filter")
    )
    own = filtered + (node["Actual Rows"] if "Relation Name" in node else 0)
    return int(below + own * node["Actual Loops"])
