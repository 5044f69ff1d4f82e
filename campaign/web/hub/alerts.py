"""Open alerts: what somebody must look at now, who sees to it, and what was closed last."""

from flask import Blueprint, Response, redirect, render_template, url_for
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.delivery.notices.queries import notices_of_alerts
from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.live import alerts
from campaign.web.paths import read_id
from campaign.web.verbs import attempt

pages = Blueprint("hub_alerts", __name__, url_prefix="/hub/alerts")


@pages.get("")
@reads("hub.pages")
def index(*, db: Session, actor: Actor) -> str:
    """Those nobody sees to stand first."""
    standing, closed = alerts.open_alerts(db, actor), alerts.closed_alerts(db, actor)
    return render_template(
        "hub/alerts.html",
        standing=standing,
        closed=closed,
        told=notices_of_alerts(db, actor, [alert.id for alert in (*standing, *closed)]),
        may_write=allows(actor, "alerts.write"),
    )


@pages.post("/<alert_id>/<any(acknowledge,close):verb>")
@writes("alerts.write")
def act(*, db: Session, actor: Actor, alert_id: str, verb: str) -> Response:
    """One button. Pressed twice it changes nothing more."""
    found = read_id("alr", alert_id)
    verbs = {"acknowledge": alerts.acknowledge, "close": alerts.close}
    attempt(db, f"done.alert_{verb}", lambda: verbs[verb](db, actor, found))
    return redirect(url_for("hub_alerts.index"), 303)  # type: ignore[return-value]
