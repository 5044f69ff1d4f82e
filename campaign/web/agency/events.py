"""What is sent: every type of event with its fields and an example, and how a receiver checks a signature."""

import json
from typing import Any

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from campaign.delivery.catalogue import event_types
from campaign.gate.door import reads
from campaign.kit.actor import Actor
from campaign.web.assets import FOLDER

pages = Blueprint("agency_events", __name__, url_prefix="/webhooks/events")

SAMPLES = {"Python": "samples/verify.py", "Node.js": "samples/verify.mjs"}


@pages.get("")
@reads("events.read")
def index(*, db: Session, actor: Actor) -> str:
    """The catalogue, for whoever writes the receiver."""
    return render_template(
        "agency/events.html",
        facts=[
            {
                "type": one.type,
                "example": _written(one.type, one.version, one.example),
                "schema": _pretty(one.data_schema),
            }
            for one in event_types()
        ],
        samples={name: (path, (FOLDER / path).read_text(encoding="utf-8")) for name, path in SAMPLES.items()},
    )


def _written(event_type: str, version: int, example: dict[str, Any]) -> str:
    body = {"type": event_type, "timestamp": "2026-11-10T04:00:00Z", "version": version, "data": example}
    return _pretty(body)


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
