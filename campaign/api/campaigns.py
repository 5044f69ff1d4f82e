"""Campaigns: a tree with goals. A brand or an agency reads its own part."""

from apiflask import APIBlueprint
from flask import Response, url_for
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.catalog.campaigns import add_campaign, change_campaign
from campaign.catalog.models import Campaign
from campaign.catalog.schemas import CampaignIn, CampaignOut
from campaign.catalog.shapes import shown
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.insight.usage import refuse_in_use
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery
from campaign.kit.ids import public
from campaign.parties import actions, queries
from campaign.parties.schemas import partial

bp = APIBlueprint("api_campaigns", __name__, tag="Campaigns")


class CampaignList(BaseModel):
    items: list[CampaignOut]
    next_cursor: str | None = None


CampaignChange = partial(CampaignIn)


def _answered(db: Session, actor: Actor, row: Campaign, status: int = 200) -> Answer:
    headers = {"ETag": etag(row.rev)}
    if status == 201:
        headers["Location"] = url_for("api_campaigns.get_campaign", campaign_id=public("cmp", row.id))
    return Answer(shown(db, actor, [row])[0], status, headers)


@bp.get("/campaigns")
@reads("campaigns.read", query=ListQuery, answer=CampaignList)
def list_campaigns(*, db: Session, actor: Actor, query: ListQuery) -> BaseModel:
    """Campaigns in use, oldest first; parent_id makes them a tree."""
    found = queries.page_of(
        db, actor, Campaign, limit=query.limit, cursor=query.cursor, updated_since=query.updated_since
    )
    return CampaignList(items=shown(db, actor, found.items), next_cursor=found.next_cursor)


@bp.post("/campaigns")
@writes("parties.write", body=CampaignIn, answer=CampaignOut, status=201)
def add(*, db: Session, actor: Actor, body: CampaignIn) -> Answer:
    """A name is enough. Dates, brands and agencies of a child lie within its parent's."""
    return _answered(db, actor, add_campaign(db, actor, body), 201)


@bp.get("/campaigns/<campaign_id>")
@reads("campaigns.read", answer=CampaignOut)
def get_campaign(*, db: Session, actor: Actor, campaign_id: str) -> Answer:
    """One campaign, as much of it as the role may see."""
    return _answered(db, actor, queries.get(db, actor, Campaign, read_id("cmp", campaign_id)))


@bp.patch("/campaigns/<campaign_id>")
@writes("parties.write", body=CampaignChange, answer=CampaignOut)
def change(*, db: Session, actor: Actor, campaign_id: str, body: CampaignIn) -> Answer:
    """Only the fields sent. Neither parent nor children may end up outside one another."""
    row = queries.get(db, actor, Campaign, read_id("cmp", campaign_id))
    changed = change_campaign(db, actor, row, body, expected_rev=expected_version())
    return _answered(db, actor, changed)


@bp.delete("/campaigns/<campaign_id>")
@writes("parties.write", status=204)
def archive(*, db: Session, actor: Actor, campaign_id: str) -> Response:
    """Take it out of use; refused while a session ahead or a campaign below needs it."""
    row = queries.get(db, actor, Campaign, read_id("cmp", campaign_id))
    refuse_in_use(db, actor, row)
    actions.archive(db, actor, row, expected_rev=expected_version())
    return Response(status=204)
