"""Webhook endpoints: an agency its own, hub staff all of them; each with its health and its delivery log."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from pydantic import Field
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.delivery import actions, health, queries, schemas
from campaign.delivery.models import WebhookEndpoint
from campaign.delivery.standing import stands
from campaign.delivery.states import STATES
from campaign.gate import limits
from campaign.gate.current import parts
from campaign.gate.door import reads, writes
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import Strict
from campaign.kit.instants import parse_wall
from campaign.outbox.events import TYPES
from campaign.parties.models import Agency
from campaign.parties.queries import all_of
from campaign.web import forms
from campaign.web.agency.searching import LogQuery, search
from campaign.web.paths import read_id
from campaign.web.show import zone
from campaign.web.verbs import attempt, version_in

pages = Blueprint("agency_endpoints", __name__, url_prefix="/webhooks")

ASKABLE = [one for one in TYPES if one != "endpoint.test"]
REPLAYS_SINCE = timedelta(hours=1)
"""How far back the form that sends again is set at first."""


class IndexQuery(Strict):
    """A page of endpoints, from the last one seen on."""

    cursor: str | None = Field(default=None, max_length=200)


@pages.get("")
@reads("endpoints.read", query=IndexQuery)
def index(*, db: Session, actor: Actor, query: IndexQuery) -> Response:
    """Endpoints, the worst first, how they fare today, and a form for a new one."""
    return _index(db, actor, forms.blank(**_USUAL), query.cursor)


@pages.post("")
@writes("endpoints.write")
def create(*, db: Session, actor: Actor) -> Response:
    """Add one; its page shows the secret this once."""
    form = forms.read(schemas.EndpointIn, request.form, lists=("event_types",), build=_typed)
    if form.value is None:
        return _index(db, actor, form)
    settings = parts().settings
    made: list[actions.Made] = []
    with forms.refusals(form, db):
        made.append(
            actions.add_endpoint(
                db, actor, form.value, secret_key=settings.secret_key, allow=settings.outgoing_allow
            )
        )
    if not made:
        return _index(db, actor, form)
    return _one(db, actor, made[0].endpoint, LogQuery(), secret=made[0].secret)


@pages.get("/<endpoint_id>")
@reads("endpoints.read", query=LogQuery)
def show(*, db: Session, actor: Actor, query: LogQuery, endpoint_id: str) -> Response:
    """One endpoint with its log."""
    endpoint = queries.get_endpoint(db, actor, read_id("whe", endpoint_id))
    return _one(db, actor, endpoint, query)


@pages.post("/<endpoint_id>")
@writes("endpoints.write")
def change(*, db: Session, actor: Actor, endpoint_id: str) -> Response:
    """Another address, other event types, another description, other limits."""
    endpoint = queries.get_endpoint(db, actor, read_id("whe", endpoint_id))
    form = forms.read(schemas.EndpointChange, request.form, lists=("event_types",), build=_edited)
    if form.value is not None:
        given, allow = form.value, parts().settings.outgoing_allow
        with forms.refusals(form, db):
            actions.change_endpoint(
                db, actor, endpoint, given, allow=allow, expected_rev=version_in(request.form)
            )
    if form.refusal is not None:
        # Undone in the database; what stands on the row in memory is not.
        db.refresh(endpoint)
        return _one(db, actor, endpoint, LogQuery(), form=form)
    return _back(endpoint)


@pages.post("/<endpoint_id>/<any(pause,enable,test,remove,replay):verb>")
@writes("endpoints.write")
def act(*, db: Session, actor: Actor, endpoint_id: str, verb: str) -> Response:
    """One button."""
    endpoint = queries.get_endpoint(db, actor, read_id("whe", endpoint_id))
    allow = parts().settings.outgoing_allow
    paused = schemas.EndpointChange(state="paused")
    verbs: dict[str, Callable[[], Any]] = {
        "pause": lambda: actions.change_endpoint(db, actor, endpoint, paused, allow=allow),
        "enable": lambda: actions.enable(db, actor, endpoint),
        "test": lambda: _test(db, actor, endpoint),
        "remove": lambda: actions.remove_endpoint(db, actor, endpoint),
        "replay": lambda: _replay(db, actor, endpoint, request.form),
    }
    done = attempt(db, f"done.endpoint_{verb}", verbs[verb])
    if done and verb == "remove":
        return redirect(url_for("agency_endpoints.index"), 303)  # type: ignore[return-value]
    return _back(endpoint)


@pages.post("/<endpoint_id>/rotate-secret")
@writes("endpoints.write")
def rotate(*, db: Session, actor: Actor, endpoint_id: str) -> Response:
    """A new secret, shown this once."""
    endpoint = queries.get_endpoint(db, actor, read_id("whe", endpoint_id))
    made: list[str] = []
    key = parts().settings.secret_key
    refused = forms.blank()
    with forms.refusals(refused, db):
        made.append(actions.rotate_secret(db, actor, endpoint, secret_key=key)[0])
    if not made:
        flash(" ".join(refused.faults), "bad")
        return _back(endpoint)
    return _one(db, actor, endpoint, LogQuery(), secret=made[0], rotated=True)


def _test(db: Session, actor: Actor, endpoint: WebhookEndpoint) -> None:
    limits.hook_tested(ids.public("whe", endpoint.id))
    actions.test(db, actor, endpoint)


def _replay(db: Session, actor: Actor, endpoint: WebhookEndpoint, typed: Any) -> int:
    since = _since(typed)
    limits.hook_replayed(ids.public("whe", endpoint.id))
    return actions.replay(db, actor, endpoint, since)


def _since(typed: Any) -> datetime:
    """The browser's local date and time, read in the hub's zone."""
    try:
        return parse_wall(typed.get("since"), zone())
    except ValueError:
        raise Invalid([FieldError("since", "clock_time")]) from None


_LIMITS = ("max_in_flight", "per_second")
_USUAL = {name: schemas.EndpointIn.model_fields[name].default for name in _LIMITS}


def _typed(typed: Any) -> dict[str, Any]:
    """The form of a new one: what is left empty is as usual."""
    given = forms.folded(typed, ("event_types",))
    return given | forms.whole_numbers(given, [name for name in _LIMITS if name in given])


def _edited(typed: Any) -> dict[str, Any]:
    """The edit form always says everything: an empty description is one, no tick means all types."""
    return {
        "url": typed.get("url", ""),
        "description": typed.get("description", ""),
        "event_types": typed.getlist("event_types") or ["*"],
        **forms.whole_numbers(typed, [name for name in _LIMITS if name in typed]),
    }


def _back(endpoint: WebhookEndpoint) -> Response:
    where = url_for("agency_endpoints.show", endpoint_id=ids.public("whe", endpoint.id))
    return redirect(where, 303)  # type: ignore[return-value]


def _midnight(db: Session) -> datetime:
    """The start of today by the hub's clocks."""
    return clock.now(db).astimezone(zone()).replace(hour=0, minute=0, second=0, microsecond=0)


def _agencies(db: Session, actor: Actor) -> dict[int, Agency]:
    return {} if actor.role == "agency" else {row.id: row for row in all_of(db, actor, Agency)}


def _index(db: Session, actor: Actor, form: forms.Form[Any], cursor: str | None = None) -> Response:
    page = health.worst_first(db, actor, cursor=cursor)
    endpoints = page.items
    answer = render_template(
        "agency/webhooks.html",
        endpoints=endpoints,
        next_cursor=page.next_cursor,
        counts=health.counts_since(db, actor, [row.id for row in endpoints], _midnight(db)),
        waiting=health.waiting_of(db, actor, [row.id for row in endpoints]),
        agencies=_agencies(db, actor),
        form=form,
        types=ASKABLE,
        may_write=allows(actor, "endpoints.write"),
    )
    return make_response(answer, form.status)


def _one(
    db: Session,
    actor: Actor,
    endpoint: WebhookEndpoint,
    query: LogQuery,
    *,
    form: forms.Form[Any] | None = None,
    secret: str = "",
    rotated: bool = False,
) -> Response:
    found = search(db, actor, query.model_copy(update={"endpoint_id": endpoint.id}))
    waiting = health.waiting_of(db, actor, [endpoint.id]).get(endpoint.id, {})
    kept = [one for one in endpoint.event_types if one != "*"]
    bounds = {name: str(getattr(endpoint, name)) for name in _LIMITS}
    filled = forms.blank(url=endpoint.url, description=endpoint.description, event_types=kept, **bounds)
    answer = render_template(
        "agency/webhooks_one.html",
        endpoint=endpoint,
        agency=_agencies(db, actor).get(endpoint.agency_id),
        query=query,
        found=found,
        standing=stands(db, actor, found.page.items),
        waiting=waiting,
        old_secrets=queries.secrets_until(db, actor, endpoint),
        days=health.days_of(db, actor, endpoint, zone()),
        backlog=sum(waiting.values()),
        oldest_at=health.oldest_waiting(db, actor, endpoint) if waiting else None,
        states=[state for state in STATES if state != "sending"],
        form=form or filled,
        types=ASKABLE,
        replay_since=clock.now(db) - REPLAYS_SINCE,
        secret=secret,
        rotated=rotated,
        may_write=allows(actor, "endpoints.write"),
        may_resend=allows(actor, "deliveries.resend"),
        now=clock.now(db),
        held_days=parts().settings.event_days,
    )
    status = form.status if form else 201 if secret and not rotated else 200
    return make_response(answer, status)
