"""Outside the versioned API: is it alive, is it ready, what does it measure."""

from apiflask import APIBlueprint
from flask import Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from campaign.gate.current import parts
from campaign.gate.door import public
from campaign.kit import heartbeat, schema
from campaign.kit.actor import SYSTEM
from campaign.kit.errors import Unavailable
from campaign.kit.redis import RedisError

root = APIBlueprint("health", __name__, enable_openapi=False)


@root.get("/healthz")
@public
def healthz() -> Response:
    """Alive: the process answers. Touches nothing else, so that a slow database does not get it restarted."""
    return jsonify(status="alive")


@root.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """Ready: database, schema, Redis, and the ages in seconds of the clock's and the sender's last sign of life."""
    checks: dict[str, object] = {}
    ages: dict[str, float] = {}
    try:
        with parts().database.transaction(SYSTEM, readonly=True) as db:
            checks["database"] = True
            checks["migrations"] = schema.is_newest(db)
            if checks["migrations"]:
                ages = heartbeat.ages(db)
    except (Unavailable, SQLAlchemyError):
        checks["database"] = False
    try:
        checks["redis"] = bool(parts().redis.ping())
    except RedisError:
        checks["redis"] = False
    for part in ("clock", "sender"):
        checks[part] = ages.get(part, float("inf")) < heartbeat.LATE.total_seconds()
    ready = all(checks.values())
    shown = {part: round(age, 1) for part, age in ages.items()}
    return jsonify(
        status="ready" if ready else "not ready", checks=checks, age_seconds=shown
    ), 200 if ready else 503


@root.get("/metrics")
@public
def metrics() -> Response:
    """Prometheus figures of this process."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
