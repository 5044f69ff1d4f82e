"""Summaries that are sent by themselves to a chat group or a mailbox, the party's own."""

from typing import Annotated, Literal, Self

from apiflask import APIBlueprint
from flask import Response, url_for
from pydantic import BaseModel, model_validator
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.delivery.notices.schemas import ChannelId, WallTime
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.insight import standing
from campaign.insight.turns import Every
from campaign.kit.actor import Actor
from campaign.kit.fields import BrandId, ListQuery, PublicId, Strict
from campaign.kit.instants import Instant

bp = APIBlueprint("api_scheduled", __name__, tag="Sales")


class ScheduledIn(Strict):
    """Sent each day, Monday or first of the month at a time of the hub's, of the days before.

    brand_id: of one brand; left out, the hub's is of all brands and a brand's of itself.
    """

    channel_id: ChannelId
    every: Every
    at: WallTime
    brand_id: BrandId | None = None


class ScheduledChange(Strict):
    """What may change; state pauses and takes up again. Its next turn is the first from now on."""

    channel_id: ChannelId | None = None
    every: Every | None = None
    at: WallTime | None = None
    state: Literal["active", "paused"] | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("wrong_type")
        return self


class ScheduledOut(BaseModel):
    """brand_id null: of all brands. channel_state null: the channel was removed, nothing is sent."""

    id: Annotated[int, PublicId("smt")]
    brand_id: BrandId | None
    channel_id: ChannelId
    channel_name: str
    channel_state: str | None
    every: Every
    at: WallTime
    state: str
    next_at: Instant
    sent_at: Instant | None
    created_by: str
    created_at: Instant


class ScheduledList(BaseModel):
    items: list[ScheduledOut]
    next_cursor: str | None


@bp.get("/scheduled-summaries")
@reads("summary.read", query=ListQuery, answer=ScheduledList)
def list_scheduled(*, db: Session, actor: Actor, query: ListQuery) -> BaseModel:
    """The party's own, oldest first. updated_since: set up, changed or sent since, or its channel was changed."""
    page = standing.page_of_turns(
        db, actor, limit=query.limit, cursor=query.cursor, since=query.updated_since
    )
    return ScheduledList(items=[scheduled_out(one) for one in page.items], next_cursor=page.next_cursor)


@bp.post("/scheduled-summaries")
@writes("summary.send", body=ScheduledIn, answer=ScheduledOut, status=201)
def schedule(*, db: Session, actor: Actor, body: ScheduledIn) -> Answer:
    """Send a summary by itself, from its next turn on."""
    made = standing.send_by_itself(
        db, actor, brand_id=body.brand_id, channel_id=body.channel_id, every=body.every, at=body.at
    )
    answer = _answer(db, actor, made)
    path = url_for("api_scheduled.get_scheduled", turn_id=answer.model.model_dump()["id"])
    return Answer(answer.model, 201, answer.headers | {"Location": path})


@bp.get("/scheduled-summaries/<turn_id>")
@reads("summary.read", answer=ScheduledOut)
def get_scheduled(*, db: Session, actor: Actor, turn_id: str) -> Answer:
    """One of the party's own."""
    return _answer(db, actor, read_id("smt", turn_id))


@bp.patch("/scheduled-summaries/<turn_id>")
@writes("summary.send", body=ScheduledChange, answer=ScheduledOut)
def change_scheduled(*, db: Session, actor: Actor, turn_id: str, body: ScheduledChange) -> Answer:
    """Change, pause or take up again. What falls into a pause is not sent after it."""
    inner = read_id("smt", turn_id)
    given = {name: getattr(body, name) for name in body.model_fields_set}
    standing.change_turn(db, actor, inner, expected_rev=expected_version(), **given)
    return _answer(db, actor, inner)


@bp.delete("/scheduled-summaries/<turn_id>")
@writes("summary.send", status=204)
def end_scheduled(*, db: Session, actor: Actor, turn_id: str) -> Response:
    """It is sent no more."""
    standing.end(db, actor, read_id("smt", turn_id), expected_rev=expected_version())
    return Response(status=204)


def _answer(db: Session, actor: Actor, turn_id: int) -> Answer:
    found = standing.get_turn(db, actor, turn_id)
    return Answer(scheduled_out(found), 200, {"ETag": etag(found.turn.rev)})


def scheduled_out(one: standing.Listed) -> ScheduledOut:
    names = ScheduledOut.model_fields.keys() - {"channel_name", "channel_state"}
    return ScheduledOut(
        **{name: getattr(one.turn, name) for name in names},
        channel_name=one.channel,
        channel_state=one.channel_state,
    )
