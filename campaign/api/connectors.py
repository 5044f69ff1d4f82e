"""Connectors: the machines that push sales."""

from typing import Annotated, Literal

from apiflask import APIBlueprint
from flask import url_for
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from campaign.accounts import actions, queries
from campaign.accounts.models import Connector
from campaign.api.ids import read_id
from campaign.gate.current import parts
from campaign.gate.door import Answer, reads, writes
from campaign.kit.actor import Actor
from campaign.kit.fields import ConnectorId, ListQuery, Name, ShopId, Strict
from campaign.kit.ids import public
from campaign.kit.instants import Instant
from campaign.parties import queries as parties
from campaign.parties.models import Shop

bp = APIBlueprint("api_connectors", __name__, tag="Connectors")


class ConnectorIn(Strict):
    """No shop_ids: it may push for any shop."""

    kind: Literal["push"] = "push"
    name: Name
    shop_ids: Annotated[list[ShopId], Field(max_length=500)] = Field(default_factory=list)


class ConnectorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: ConnectorId
    kind: str
    name: str
    shop_ids: list[ShopId]
    created_at: Instant


class ConnectorMade(ConnectorOut):
    """With the signing secret, shown this once."""

    secret: str


class ConnectorList(BaseModel):
    items: list[ConnectorOut]
    next_cursor: str | None


@bp.get("/connectors")
@reads("connectors.read", query=ListQuery, answer=ConnectorList)
def list_connectors(*, db: Session, actor: Actor, query: ListQuery) -> ConnectorList:
    """Connectors in use."""
    page = queries.page_of_connectors(db, actor, limit=query.limit, cursor=query.cursor)
    return ConnectorList(
        items=[ConnectorOut.model_validate(row) for row in page.items], next_cursor=page.next_cursor
    )


@bp.post("/connectors")
@writes("connectors.write", body=ConnectorIn, answer=ConnectorMade, status=201)
def add_connector(*, db: Session, actor: Actor, body: ConnectorIn) -> Answer:
    """A new connector; its secret signs what it pushes to /ingest/{id}/events."""
    for shop_id in body.shop_ids:
        parties.get(db, actor, Shop, shop_id)
    connector, secret = actions.create_connector(
        db, actor, secret_key=parts().settings.secret_key, name=body.name, shop_ids=body.shop_ids
    )
    location = url_for("api_connectors.get_connector", connector_id=public("con", connector.id))
    return Answer(_made(connector, secret), 201, {"Location": location})


@bp.get("/connectors/<connector_id>")
@reads("connectors.read", answer=ConnectorOut)
def get_connector(*, db: Session, actor: Actor, connector_id: str) -> ConnectorOut:
    """One connector, without its secret."""
    return ConnectorOut.model_validate(queries.get_connector(db, actor, read_id("con", connector_id)))


@bp.post("/connectors/<connector_id>/rotate-secret")
@writes("connectors.write", answer=ConnectorMade)
def rotate_secret(*, db: Session, actor: Actor, connector_id: str) -> ConnectorMade:
    """A new secret; the one before stays valid for 24 h."""
    connector = queries.get_connector(db, actor, read_id("con", connector_id))
    secret = actions.rotate_secret(db, actor, connector, secret_key=parts().settings.secret_key)
    return _made(connector, secret)


def _made(connector: Connector, secret: str) -> ConnectorMade:
    return ConnectorMade(
        id=connector.id,
        kind=connector.kind,
        name=connector.name,
        shop_ids=connector.shop_ids,
        created_at=connector.created_at,
        secret=secret,
    )
