"""Open alerts: what somebody must look at now, who sees to it, and what was closed last."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.delivery.notices.queries import notices_of_alerts
from campaign.gate.bodies import validated
from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.live import alerts
from campaign.sales import watching
from campaign.sales.selling import WatchRules, WatchRulesIn
from campaign.web.forms import whole_numbers
from campaign.web.paths import read_id
from campaign.web.targets import own_page
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
        rules=watching.rules_of_hub(db, actor),
        may_write=allows(actor, "alerts.write"),
        may_set=allows(actor, "rules.write"),
    )


@pages.post("/sales")
@writes("rules.write")
def sales(*, db: Session, actor: Actor) -> Response:
    """Set when sales ring."""

    def set_them() -> None:
        given = validated(WatchRulesIn, whole_numbers(request.form, WatchRulesIn.model_fields))
        watching.set_rules(db, actor, WatchRules(**given.model_dump()))

    attempt(db, "done.sales_watch", set_them)
    return redirect(url_for("hub_alerts.index"), 303)  # type: ignore[return-value]


@pages.post("/<alert_id>/<any(acknowledge,close):verb>")
@writes("alerts.write")
def act(*, db: Session, actor: Actor, alert_id: str, verb: str) -> Response:
    """One button, on this page or that of a show. Pressed twice it changes nothing more."""
    found = read_id("alr", alert_id)
    verbs = {"acknowledge": alerts.acknowledge, "close": alerts.close}
    attempt(db, f"done.alert_{verb}", lambda: verbs[verb](db, actor, found))
    return redirect(own_page(request.form.get("next"), url_for("hub_alerts.index")), 303)  # type: ignore[return-value]
