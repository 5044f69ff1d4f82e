"""Connectors: the machines that push sales."""

from typing import Annotated, Literal

from apiflask import APIBlueprint
from flask import Response, url_for
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from campaign.accounts import actions, queries
from campaign.accounts.models import Connector
from campaign.api.ids import read_id
from campaign.connectors import health, platforms
from campaign.connectors.schemas import ConnectorChangeIn, ConnectorIn, CredentialsIn
from campaign.gate.current import parts
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.kit.actor import Actor
from campaign.kit.errors import WrongState
from campaign.kit.fields import ConnectorId, ListQuery, Name, ShopId, Strict
from campaign.kit.instants import Instant

bp = APIBlueprint("api_connectors", __name__, tag="Connectors")


class ConnectorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: ConnectorId
    kind: str
    name: str
    shop_ids: list[ShopId]
    push_from: list[str]
    created_at: Instant
    updated_at: Instant
    archived_at: Instant | None


class ConnectorMade(ConnectorOut):
    """With what is shown this once: the signing secret of a push, the path a platform is to push to."""

    secret: str | None = None
    push_path: str | None = None


class DetailIn(Strict):
    """An order or after-sale case by the platform's number."""

    subject: Literal["order", "aftersale"]
    ref: Name


class AgainIn(Strict):
    """details: those alone, also such as were left. Left out: all that were given up and not left."""

    details: Annotated[list[DetailIn], Field(min_length=1, max_length=500)] | None = None


class LeaveIn(AgainIn):
    """reason is kept with them and in the audit. Left out, details are all that were given up."""

    reason: Name


class HealthOut(BaseModel):
    """How a connector does. Details: what its platform is asked for; none where it has no token.

    complete_to: up to when all of its shops' orders are there; null for one of any shop (rankings tell it of each).
    listed_through, cases_listed_through: up to when its platform listed what orders and after-sale cases changed.
    lag_seconds: how much later than it happened the newest event came. refused: events that were not taken, ever, and
    why the last: its code, and the field where one is at fault. Errors are rate, token, refused, away, unreadable or
    failed (a fault of ours). details_left: given up and said to be left; complete_to goes past them.
    """

    model_config = ConfigDict(from_attributes=True)

    last_event_at: Instant | None
    lag_seconds: int | None
    complete_to: Instant | None
    refused: int
    refused_at: Instant | None
    refused_why: str | None
    held_back: int
    contradicted: int
    asks_details: bool
    details_waiting: int
    details_oldest_at: Instant | None
    details_given_up: int
    details_left: int
    listed_through: Instant | None
    cases_listed_through: Instant | None
    answered_at: Instant | None
    paused_until: Instant | None
    error: str | None
    error_said: str
    error_at: Instant | None
    test_pending: bool
    tested_at: Instant | None
    test_error: str | None
    test_said: str


class ConnectorList(BaseModel):
    items: list[ConnectorOut]
    next_cursor: str | None


@bp.get("/connectors")
@reads("connectors.read", query=ListQuery, answer=ConnectorList)
def list_connectors(*, db: Session, actor: Actor, query: ListQuery) -> ConnectorList:
    """Connectors in use; with updated_since those taken out of use since then too, which have `archived_at`."""
    page = queries.page_of_connectors(
        db, actor, limit=query.limit, cursor=query.cursor, updated_since=query.updated_since
    )
    return ConnectorList(
        items=[ConnectorOut.model_validate(row) for row in page.items], next_cursor=page.next_cursor
    )


@bp.post("/connectors")
@writes("connectors.write", body=ConnectorIn, answer=ConnectorMade, status=201)
def add_connector(*, db: Session, actor: Actor, body: ConnectorIn) -> Answer:
    """A new connector; a push's secret signs what comes to /ingest/{id}/events, a platform signs its own way."""
    settings = parts().settings
    made = platforms.add(db, actor, body, secret_key=settings.secret_key, allow=settings.outgoing_allow)
    location = url_for("api_connectors.get_connector", connector_id=made.connector.id)
    answer = _made(made.connector, made.secret, made.push_path)
    return Answer(answer.model, 201, answer.headers | {"Location": location})


@bp.get("/connectors/<connector_id>")
@reads("connectors.read", answer=ConnectorOut)
def get_connector(*, db: Session, actor: Actor, connector_id: str) -> Answer:
    """One connector, without its secret."""
    return _shown(queries.get_connector(db, actor, read_id("con", connector_id)))


@bp.patch("/connectors/<connector_id>")
@writes("connectors.write", body=ConnectorChangeIn, answer=ConnectorOut)
def restrict_connector(*, db: Session, actor: Actor, connector_id: str, body: ConnectorChangeIn) -> Answer:
    """From which addresses a platform's account may push. What comes from elsewhere answers as a wrong signature."""
    connector = queries.get_connector(db, actor, read_id("con", connector_id))
    platforms.restrict(db, actor, connector, body, expected_rev=expected_version())
    return _shown(connector)


@bp.delete("/connectors/<connector_id>")
@writes("connectors.write", status=204)
def archive_connector(*, db: Session, actor: Actor, connector_id: str) -> Response:
    """Take it out of use: its pushes are a stranger's, its platform is asked no more. What it brought stays."""
    connector = queries.get_connector(db, actor, read_id("con", connector_id))
    actions.archive_connector(db, actor, connector, expected_rev=expected_version())
    return Response(status=204)


@bp.post("/connectors/<connector_id>/rotate-secret")
@writes("connectors.write", answer=ConnectorMade)
def rotate_secret(*, db: Session, actor: Actor, connector_id: str) -> Answer:
    """A new secret of a push; the one before stays valid for 24 h. A platform's own are given, see credentials."""
    connector = queries.get_connector(db, actor, read_id("con", connector_id))
    if connector.kind != "push":
        raise WrongState(state=connector.kind)
    secret = actions.rotate_secret(
        db, actor, connector, secret_key=parts().settings.secret_key, expected_rev=expected_version()
    )
    return _made(connector, secret)


@bp.post("/connectors/<connector_id>/credentials")
@writes("connectors.write", body=CredentialsIn, answer=ConnectorOut)
def rotate_credentials(*, db: Session, actor: Actor, connector_id: str, body: CredentialsIn) -> Answer:
    """Other credentials of a platform's account; the ones before stay valid for 24 h, the push path stays."""
    connector = queries.get_connector(db, actor, read_id("con", connector_id))
    settings = parts().settings
    platforms.rotate(
        db,
        actor,
        connector,
        body,
        secret_key=settings.secret_key,
        allow=settings.outgoing_allow,
        expected_rev=expected_version(),
    )
    return _shown(connector)


@bp.post("/connectors/<connector_id>/rotate-path")
@writes("connectors.write", answer=ConnectorMade)
def rotate_path(*, db: Session, actor: Actor, connector_id: str) -> Answer:
    """A new path for Douyin's pushes, in this answer alone; the one before is valid no longer."""
    connector = queries.get_connector(db, actor, read_id("con", connector_id))
    path = platforms.renew_path(
        db, actor, connector, secret_key=parts().settings.secret_key, expected_rev=expected_version()
    )
    return _made(connector, None, path)


@bp.get("/connectors/<connector_id>/health")
@reads("connectors.read", answer=HealthOut)
def get_health(*, db: Session, actor: Actor, connector_id: str) -> HealthOut:
    """When it last told something, how far its data goes, what it still has to tell, and what went wrong."""
    connector = queries.get_connector(db, actor, read_id("con", connector_id))
    return HealthOut.model_validate(health.of_connector(db, actor, connector))


@bp.post("/connectors/<connector_id>/test")
@writes("connectors.write", answer=HealthOut, status=202)
def test_connector(*, db: Session, actor: Actor, connector_id: str) -> Answer:
    """Try its credentials at the platform; what came of it stands in its health a moment later."""
    connector = queries.get_connector(db, actor, read_id("con", connector_id))
    health.ask_test(db, actor, connector, expected_rev=expected_version())
    return Answer(HealthOut.model_validate(health.of_connector(db, actor, connector)), 202, {})


@bp.post("/connectors/<connector_id>/ask-again")
@writes("connectors.write", body=AgainIn, answer=HealthOut)
def ask_again(*, db: Session, actor: Actor, connector_id: str, body: AgainIn) -> HealthOut:
    """Ask once more for the details that were given up. 409 nothing_given_up where some are named and none is."""
    connector = queries.get_connector(db, actor, read_id("con", connector_id))
    health.ask_again(db, actor, connector, named=_named(body), expected_rev=expected_version())
    return HealthOut.model_validate(health.of_connector(db, actor, connector))


@bp.post("/connectors/<connector_id>/leave")
@writes("connectors.write", body=LeaveIn, answer=HealthOut)
def leave(*, db: Session, actor: Actor, connector_id: str, body: LeaveIn) -> HealthOut:
    """Wait no longer for details that were given up: how far the data is complete goes past them.

    A later change of such an order is asked for as any other. 409 nothing_given_up where none is given up.
    """
    connector = queries.get_connector(db, actor, read_id("con", connector_id))
    health.leave(
        db, actor, connector, reason=body.reason, named=_named(body), expected_rev=expected_version()
    )
    return HealthOut.model_validate(health.of_connector(db, actor, connector))


def _named(body: AgainIn) -> list[tuple[str, str]] | None:
    return None if body.details is None else [(one.subject, one.ref) for one in body.details]


def _shown(connector: Connector) -> Answer:
    return Answer(ConnectorOut.model_validate(connector), 200, {"ETag": etag(connector.rev)})


def _made(connector: Connector, secret: str | None, push_path: str | None = None) -> Answer:
    made = ConnectorMade(
        id=connector.id,
        kind=connector.kind,
        name=connector.name,
        shop_ids=connector.shop_ids,
        push_from=connector.push_from,
        created_at=connector.created_at,
        updated_at=connector.updated_at,
        archived_at=connector.archived_at,
        secret=secret,
        push_path=push_path,
    )
    return Answer(made, 200, {"ETag": etag(connector.rev)})
