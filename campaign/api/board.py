"""The board for programs: a day or weeks of all studios in one answer, lean and without paging."""

import json
from datetime import timedelta
from typing import Any

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from campaign.gate.door import reads
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import BrandId, HostId, SessionId, Strict, StudioId
from campaign.kit.ids import public
from campaign.kit.instants import Instant, written
from campaign.schedule.boards import Item, read_items

bp = APIBlueprint("api_board", __name__, tag="Sessions")

LONGEST = timedelta(days=31)


class BoardQuery(Strict):
    """What overlaps [from, to), at most 31 days; studio_id may be repeated."""

    model_config = ConfigDict(populate_by_name=True)

    from_at: Instant = Field(alias="from")
    to_at: Instant = Field(alias="to")
    studio_id: StudioId | list[StudioId] | None = None


class BoardItem(BaseModel):
    """One session, in few fields: GET /sessions/{id} has all of it."""

    id: SessionId
    title: str
    state: str
    version: int
    studio_id: StudioId
    starts_at: Instant
    ends_at: Instant
    actual_starts_at: Instant | None
    actual_ends_at: Instant | None
    brand_ids: list[BrandId]
    host_ids: list[HostId]
    platforms: list[str]


class BoardOut(BaseModel):
    """Every studio in use, and the sessions by start; cancelled ones are left out."""

    studio_ids: list[StudioId]
    items: list[BoardItem]


@bp.get("/board")
@reads("hub.pages", query=BoardQuery, answer=BoardOut)
def board(*, db: Session, actor: Actor, query: BoardQuery) -> Response:
    """All sessions of a span, for boards of others' making."""
    if not timedelta(0) < query.to_at - query.from_at <= LONGEST:
        raise Invalid([FieldError("to", "search_span", {"days": LONGEST.days})])
    wanted = (
        query.studio_id if isinstance(query.studio_id, list) else [query.studio_id] if query.studio_id else []
    )
    studios, items = read_items(db, actor, query.from_at, query.to_at, studio_ids=wanted)
    body = {
        "studio_ids": [public("std", studio) for studio in studios],
        "items": [_item(item) for item in items],
    }
    return Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")


def _item(item: Item) -> dict[str, Any]:
    # A BoardItem as it is written. Our own rows are not checked once more: 1,750 of them are a week.
    return {
        "id": public("ses", item.id),
        "title": item.title,
        "state": item.state,
        "version": item.version,
        "studio_id": public("std", item.studio_id),
        "starts_at": written(item.starts_at),
        "ends_at": written(item.ends_at),
        "actual_starts_at": item.actual_starts_at and written(item.actual_starts_at),
        "actual_ends_at": item.actual_ends_at and written(item.actual_ends_at),
        "brand_ids": [public("brd", one) for one in item.brand_ids],
        "host_ids": [public("hst", one) for one in item.host_ids],
        "platforms": item.platforms,
    }
