"""The board for programs: a day or weeks of all studios in one answer, lean and without paging."""

from datetime import timedelta
from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from campaign.gate.door import reads
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import BrandId, HostId, SessionId, Strict, StudioId
from campaign.kit.instants import Instant
from campaign.schedule.boards import Board, BoardBlock, read_board

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
def board(*, db: Session, actor: Actor, query: BoardQuery) -> BaseModel:
    """All sessions of a span, for boards of others' making."""
    if not timedelta(0) < query.to_at - query.from_at <= LONGEST:
        raise Invalid([FieldError("to", "search_span", {"days": LONGEST.days})])
    wanted = (
        query.studio_id if isinstance(query.studio_id, list) else [query.studio_id] if query.studio_id else []
    )
    return _shown(read_board(db, actor, query.from_at, query.to_at, studio_ids=wanted))


def _shown(found: Board) -> BoardOut:
    # What comes from our own tables is not checked once more: 1,700 items a week.
    return BoardOut.model_construct(
        studio_ids=[studio.id for studio in found.studios], items=[_item(block) for block in found.blocks]
    )


def _item(block: BoardBlock) -> BoardItem:
    values: dict[str, Any] = {
        name: getattr(block, name)
        for name in ("id", "title", "state", "version", "studio_id", "starts_at", "ends_at")
    }
    return BoardItem.model_construct(
        **values,
        actual_starts_at=block.actual_starts_at,
        actual_ends_at=block.actual_ends_at,
        brand_ids=[brand.id for brand in block.brands],
        host_ids=[person.host_id for person in block.people],
        platforms=list(block.platforms),
    )
