"""One delivery: what was sent, what came back at each try, and the button to send it again."""

import json

from flask import Blueprint, Response, redirect, render_template, url_for
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.delivery import actions, queries
from campaign.delivery.standing import stands
from campaign.delivery.states import RESENDABLE
from campaign.gate import limits
from campaign.gate.current import parts
from campaign.gate.door import reads, writes
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.schedule.queries import get_sessions
from campaign.web.agency.curl import as_curl, request_head
from campaign.web.paths import read_id
from campaign.web.verbs import attempt

pages = Blueprint("agency_deliveries", __name__, url_prefix="/webhooks/deliveries")


@pages.get("/<delivery_id>")
@reads("deliveries.read")
def show(*, db: Session, actor: Actor, delivery_id: str) -> str:
    """Body and tries. What a receiver answered is text to be shown, never markup."""
    delivery = queries.get_delivery(db, actor, read_id("whd", delivery_id))
    body = queries.body_of(db, actor, delivery)
    endpoint, event_id = queries.endpoint_of(db, actor, delivery), ids.public("evt", delivery.event_id)
    tries, told = queries.attempts_of(db, actor, delivery), delivery.session_id
    may_resend = (
        allows(actor, "deliveries.resend") and delivery.state in RESENDABLE and endpoint.archived_at is None
    )
    return render_template(
        "agency/webhooks_delivery.html",
        delivery=delivery,
        url=endpoint.url,
        went_elsewhere=any(one.url != endpoint.url for one in tries),
        session=None if told is None else get_sessions(db, actor, [told]).get(told),
        standing=stands(db, actor, [delivery])[delivery.id],
        body=json.dumps(json.loads(body), ensure_ascii=False, indent=2),
        head=request_head(endpoint.url, event_id, len(body)),
        curl=as_curl(endpoint.url, event_id, body),
        tries=[(one, one.answer.decode("utf-8", "replace")) for one in tries],
        forgotten=delivery.attempts - len(tries),
        attempt_days=parts().settings.attempt_days,
        is_removed=endpoint.archived_at is not None,
        may_resend=may_resend and endpoint.state == "active",
        is_held_up=may_resend and endpoint.state != "active",
    )


@pages.post("/<delivery_id>/resend")
@writes("deliveries.resend")
def resend(*, db: Session, actor: Actor, delivery_id: str) -> Response:
    """Send it again, with the same webhook-id."""
    delivery = queries.get_delivery(db, actor, read_id("whd", delivery_id))
    of = ids.public("whe", delivery.endpoint_id)
    attempt(db, "done.delivery_resend", lambda: (limits.hook_resent(of), actions.resend(db, actor, delivery)))
    return redirect(url_for("agency_deliveries.show", delivery_id=delivery_id), 303)  # type: ignore[return-value]
