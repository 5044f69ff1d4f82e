"""Links that show one summary of a brand to whoever has them."""

from typing import Annotated, Literal

from apiflask import APIBlueprint
from flask import Response, url_for
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.rankings import SpanQuery
from campaign.api.summary import GroupBy
from campaign.gate.current import parts
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.insight import sharing
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.fields import BrandId, ListQuery, PublicId
from campaign.kit.instants import Instant
from campaign.parties.schemas import Day

bp = APIBlueprint("api_shares", __name__, tag="Sales")


class SharesQuery(ListQuery):
    """state: open for the links that still open, all for those that are over too.

    updated_since: made, ended or run out at or after that instant; of those that are over only with state=all.
    """

    state: Literal["open", "all"] = "open"


class ShareIn(SpanQuery):
    """The summary that the link shows, and for how many days it opens."""

    basis: Literal["cohort", "cash"] = "cohort"
    group_by: GroupBy = "day"
    valid_days: Annotated[int, Field(strict=True, ge=1, le=sharing.LONGEST_DAYS)] = 7


class ShareOut(BaseModel):
    """state: open, expired, or ended by somebody."""

    id: Annotated[int, PublicId("shr")]
    brand_id: BrandId
    from_day: Day = Field(serialization_alias="from")
    to_day: Day = Field(serialization_alias="to")
    basis: str
    group_by: str
    state: str
    created_by: str
    created_at: Instant
    expires_at: Instant
    ended_at: Instant | None


class ShareMade(ShareOut):
    """With the address, which is told this once."""

    url: str


class ShareList(BaseModel):
    items: list[ShareOut]
    next_cursor: str | None


@bp.get("/brands/<brand_id>/shares")
@reads("summary.read", query=SharesQuery, answer=ShareList)
def list_shares(*, db: Session, actor: Actor, brand_id: str, query: SharesQuery) -> BaseModel:
    """A brand's links, the newest first, without their addresses."""
    page = sharing.page_of_shares(
        db,
        actor,
        read_id("brd", brand_id),
        everything=query.state == "all",
        limit=query.limit,
        cursor=query.cursor,
        since=query.updated_since,
    )
    return ShareList(items=[share_out(db, one) for one in page.items], next_cursor=page.next_cursor)


@bp.post("/brands/<brand_id>/shares")
@writes("shares.write", body=ShareIn, answer=ShareMade, status=201)
def make_share(*, db: Session, actor: Actor, brand_id: str, body: ShareIn) -> Answer:
    """Make a link. Whoever has its address sees this one summary without signing in, until it expires or is ended."""
    body.check()
    shown = sharing.Shown(body.from_day, body.to_day, body.basis, body.group_by)
    made, token = sharing.share(db, actor, read_id("brd", brand_id), shown, days=body.valid_days)
    out = share_out(db, made)
    given = {name: getattr(out, name) for name in ShareOut.model_fields}
    path = url_for("api_shares.get_share", brand_id=brand_id, share_id=out.model_dump()["id"])
    headers = {"ETag": etag(made.rev), "Location": path}
    return Answer(ShareMade(**given, url=f"{parts().settings.base_url}/s/{token}"), 201, headers)


@bp.get("/brands/<brand_id>/shares/<share_id>")
@reads("summary.read", answer=ShareOut)
def get_share(*, db: Session, actor: Actor, brand_id: str, share_id: str) -> Answer:
    """One link, whether it opens or not."""
    found = sharing.get_share(db, actor, read_id("brd", brand_id), read_id("shr", share_id))
    return Answer(share_out(db, found), 200, {"ETag": etag(found.rev)})


@bp.delete("/brands/<brand_id>/shares/<share_id>")
@writes("shares.write", status=204)
def end_share(*, db: Session, actor: Actor, brand_id: str, share_id: str) -> Response:
    """From now on it shows nothing; ended again nothing changes."""
    inner = read_id("brd", brand_id)
    sharing.revoke(db, actor, inner, read_id("shr", share_id), expected_rev=expected_version())
    return Response(status=204)


def share_out(db: Session, one: sharing.Share) -> ShareOut:
    return ShareOut(
        id=one.id,
        brand_id=one.brand_id,
        from_day=one.first_day,
        to_day=one.last_day,
        basis=one.basis,
        group_by=one.group_by,
        state=one.state(clock.now(db)),
        created_by=one.created_by,
        created_at=one.created_at,
        expires_at=one.expires_at,
        ended_at=one.revoked_at,
    )
