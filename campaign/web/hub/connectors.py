"""Connectors: what brings sales by itself, how each does, and its credentials."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.accounts import actions, queries
from campaign.accounts.models import Connector
from campaign.accounts.policy import allows
from campaign.connectors import health, platforms, turns
from campaign.connectors.schemas import ConnectorChangeIn, ConnectorIn, CredentialsIn
from campaign.gate.current import parts
from campaign.gate.door import reads, writes
from campaign.gate.wording import in_words
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import WrongState
from campaign.kit.fields import Line, ListQuery, Name, Strict
from campaign.parties.models import Shop
from campaign.parties.queries import all_of
from campaign.web import forms
from campaign.web.paths import read_id
from campaign.web.verbs import attempt

pages = Blueprint("hub_connectors", __name__, url_prefix="/hub/connectors")

KINDS = ("push", *platforms.PLATFORMS)


class LeaveForm(Strict):
    """Which of the details that were given up, as "order 5764"; none: all of them. And why."""

    ref: Line = ""
    reason: Name


@pages.get("")
@reads("connectors.read", query=ListQuery)
def index(*, db: Session, actor: Actor, query: ListQuery) -> Response:
    """All connectors with how they do, and a form for a new one."""
    return _index(db, actor, query, forms.blank(kind="push"))


@pages.post("")
@writes("connectors.write")
def create(*, db: Session, actor: Actor) -> Response:
    """Add one; its page shows the secret, or the address to push to, this once."""
    form = forms.read(ConnectorIn, request.form, lists=("shop_ids",), build=_filled("shop_ids"))
    settings, made = parts().settings, list[platforms.Made]()
    if form.value is not None:
        with forms.refusals(form, db):
            made.append(
                platforms.add(
                    db,
                    actor,
                    form.value,
                    secret_key=settings.secret_key,
                    allow=settings.outgoing_allow,
                )
            )
    if not made:
        return _index(db, actor, ListQuery(), form)
    return _one(db, actor, made[0].connector, secret=made[0].secret, push_path=made[0].push_path, status=201)


@pages.get("/<connector_id>")
@reads("connectors.read")
def show(*, db: Session, actor: Actor, connector_id: str) -> Response:
    """One connector: how it does, what it could not get, and its credentials to be changed. Out of use: to read."""
    return _one(db, actor, queries.find_connector(db, actor, read_id("con", connector_id)))


@pages.post("/<connector_id>/<any(test,again):verb>")
@writes("connectors.write")
def act(*, db: Session, actor: Actor, connector_id: str, verb: str) -> Response:
    """Try its credentials; ask once more for what was given up: all of it, or the one that is named."""
    connector = _found(db, actor, connector_id)
    verbs = {
        "test": lambda: health.ask_test(db, actor, connector),
        "again": lambda: health.ask_again(db, actor, connector, named=_named(request.form.get("ref", ""))),
    }
    attempt(db, f"done.connector_{verb}", verbs[verb])
    return redirect(url_for("hub_connectors.show", connector_id=connector_id), 303)  # type: ignore[return-value]


@pages.post("/<connector_id>/leave")
@writes("connectors.write")
def leave(*, db: Session, actor: Actor, connector_id: str) -> Response:
    """Leave what was given up, with a reason: all of it, or the one that is named."""
    connector = _found(db, actor, connector_id)
    form = forms.read(LeaveForm, request.form)
    given = form.value
    if given is not None:
        with forms.refusals(form, db):
            health.leave(db, actor, connector, reason=given.reason, named=_named(given.ref))
    if form.errors or form.faults:
        return _one(db, actor, connector, leaving=form, status=form.status)
    flash(in_words("done.connector_leave", {}), "ok")
    return redirect(url_for("hub_connectors.show", connector_id=connector_id), 303)  # type: ignore[return-value]


@pages.post("/<connector_id>/secret")
@writes("connectors.write")
def rotate(*, db: Session, actor: Actor, connector_id: str) -> Response:
    """A push's new signing secret, shown this once; the old one counts for a day more."""
    connector = _found(db, actor, connector_id)
    if connector.kind != "push":
        raise WrongState(state=connector.kind)
    secret = actions.rotate_secret(db, actor, connector, secret_key=parts().settings.secret_key)
    return _one(db, actor, connector, secret=secret, status=201)


@pages.post("/<connector_id>/address")
@writes("connectors.write")
def address(*, db: Session, actor: Actor, connector_id: str) -> Response:
    """A new address to push to, shown this once; the old one is valid no longer."""
    connector = _found(db, actor, connector_id)
    path = platforms.renew_path(db, actor, connector, secret_key=parts().settings.secret_key)
    return _one(db, actor, connector, push_path=path, status=201)


@pages.post("/<connector_id>/sources")
@writes("connectors.write")
def sources(*, db: Session, actor: Actor, connector_id: str) -> Response:
    """From which addresses it may push, one a line."""
    connector = _found(db, actor, connector_id)
    form = forms.read(
        ConnectorChangeIn, request.form, build=lambda typed: {"push_from": typed.get("push_from", "").split()}
    )
    if form.value is not None:
        with forms.refusals(form, db):
            platforms.restrict(db, actor, connector, form.value)
    if form.errors or form.faults:
        return _one(db, actor, connector, sources=form, status=422)
    flash(_("Saved."), "ok")
    return redirect(url_for("hub_connectors.show", connector_id=connector_id), 303)  # type: ignore[return-value]


@pages.post("/<connector_id>/archive")
@writes("connectors.write")
def put_away(*, db: Session, actor: Actor, connector_id: str) -> Response:
    """Out of use; what it brought stays."""
    connector = _found(db, actor, connector_id)
    attempt(db, "done.connector_archived", lambda: actions.archive_connector(db, actor, connector))
    return redirect(url_for("hub_connectors.index"), 303)  # type: ignore[return-value]


@pages.post("/<connector_id>/credentials")
@writes("connectors.write")
def credentials(*, db: Session, actor: Actor, connector_id: str) -> Response:
    """Other credentials of a platform's account."""
    connector = _found(db, actor, connector_id)
    form = forms.read(CredentialsIn, request.form, build=_filled())
    given, settings = form.value, parts().settings
    if given is not None:
        with forms.refusals(form, db):
            platforms.rotate(
                db,
                actor,
                connector,
                given,
                secret_key=settings.secret_key,
                allow=settings.outgoing_allow,
            )
    if form.errors or form.faults:
        return _one(db, actor, connector, form=form, status=422)
    flash(_("Saved."), "ok")
    return redirect(url_for("hub_connectors.show", connector_id=connector_id), 303)  # type: ignore[return-value]


def _filled(*lists: str) -> Any:
    """What a form left empty was not given."""

    def build(typed: Any) -> dict[str, Any]:
        given: dict[str, Any] = {name: typed[name] for name in typed if typed[name] and name != "csrf_token"}
        return given | {name: typed.getlist(name) for name in lists}

    return build


def _named(typed: str) -> list[tuple[str, str]] | None:
    subject, _, ref = typed.partition(" ")
    return [(subject, ref)] if typed else None


def _choices(failing: Sequence[health.GivenUp], chosen: str) -> list[tuple[str, str]]:
    """The details that can be left; and the one that was chosen, so that nobody leaves all where it came meanwhile."""
    found = {f"{one.subject} {one.ref}": one for one in failing if one.given_up and not one.left_at}
    names = list(found) + ([chosen] if chosen and chosen not in found else [])
    return [
        (name, f"{in_words(f'ask.{subject}', {})} {ref}")
        for name in names
        for subject, _, ref in [name.partition(" ")]
    ]


def _found(db: Session, actor: Actor, connector_id: str) -> Connector:
    return queries.get_connector(db, actor, read_id("con", connector_id))


def _shops(db: Session, actor: Actor) -> Sequence[Shop]:
    return all_of(db, actor, Shop)


def _index(db: Session, actor: Actor, query: ListQuery, form: forms.Form[Any]) -> Response:
    page = queries.page_of_connectors(db, actor, limit=query.limit, cursor=query.cursor)
    shops = _shops(db, actor)
    answer = render_template(
        "hub/connectors.html",
        page=page,
        out_of_use=() if query.cursor else queries.connectors_out_of_use(db, actor),
        states={one.id: health.of_connector(db, actor, one) for one in page.items},
        names={one.id: one.name for one in shops},
        shops=[(ids.public("shp", one.id), one) for one in shops],
        kinds=KINDS,
        form=form,
        may_write=allows(actor, "connectors.write"),
    )
    return make_response(answer, form.status)


def _event_words(why: str) -> str:
    """The last refusal, kept as its code and the field at fault."""
    code, _, field = why.partition(" ")
    return in_words(f"event_{code}", {"field": field})


def _one(
    db: Session,
    actor: Actor,
    connector: Connector,
    *,
    form: forms.Form[Any] | None = None,
    sources: forms.Form[Any] | None = None,
    leaving: forms.Form[Any] | None = None,
    secret: str | None = None,
    push_path: str | None = None,
    status: int = 200,
) -> Response:
    names = {one.id: one.name for one in _shops(db, actor)}
    failing, leaving = health.failing(db, actor, connector), leaving or forms.blank()
    answer = render_template(
        "hub/connector.html",
        connector=connector,
        state=health.of_connector(db, actor, connector),
        failing=failing,
        leaving=leaving,
        choices=_choices(failing, leaving.text("ref")),
        event_words=_event_words,
        shops=[names[one] for one in connector.shop_ids if one in names],
        form=form or forms.blank(base_url=turns.address_of(db, actor, connector.id) or ""),
        sources=sources or forms.blank(push_from="\n".join(connector.push_from)),
        is_platform=connector.kind in platforms.PLATFORMS,
        secret=secret,
        secret_path=platforms.has_secret_path(connector),
        push_address=push_path and request.url_root.rstrip("/") + push_path,
        may_write=connector.archived_at is None and allows(actor, "connectors.write"),
    )
    return make_response(answer, status)
