"""The waiting list: who wants a place, and the place that is held for the next in line."""

from apiflask import APIBlueprint
from flask import Response, url_for
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.kit.actor import Actor
from campaign.kit.ids import public
from campaign.parties.schemas import partial
from campaign.schedule.waiting import line, queries
from campaign.schedule.waiting.queries import EntryView
from campaign.schedule.waiting.schemas import (
    EntryIn,
    EntryList,
    EntryOut,
    PlaceOut,
    WaitingQuery,
    WindowOut,
)

bp = APIBlueprint("api_waiting", __name__, tag="Waiting list")

EntryChange = partial(EntryIn)


def written(view: EntryView) -> EntryOut:
    """An entry as the API answers it."""
    plain = {
        name: getattr(view.row, name)
        for name in EntryOut.model_fields
        if name not in ("position", "windows", "offers")
    }
    return EntryOut(
        **plain,
        position=view.position,
        windows=[WindowOut(from_at=one.starts_at, to_at=one.ends_at) for one in view.windows],
        offers=[PlaceOut.model_validate(one) for one in view.offers],
    )


def _answered(view: EntryView, status: int = 200) -> Answer:
    headers = {"ETag": etag(view.row.rev)}
    if status == 201:
        headers["Location"] = url_for("api_waiting.get_entry", entry_id=public("wai", view.row.id))
    return Answer(written(view), status, headers)


@bp.get("/waiting-list")
@reads("waiting.read", query=WaitingQuery, answer=EntryList)
def list_entries(*, db: Session, actor: Actor, query: WaitingQuery) -> BaseModel:
    """Every wish, oldest first; position tells the order in which they are served."""
    page = queries.page_of_entries(
        db,
        actor,
        limit=query.limit,
        cursor=query.cursor,
        state=query.state,
        brand_id=query.brand_id,
        updated_since=query.updated_since,
    )
    return EntryList(items=[written(one) for one in page.items], next_cursor=page.next_cursor)


@bp.post("/waiting-list")
@writes("waiting.write", body=EntryIn, answer=EntryOut, status=201)
def join(*, db: Session, actor: Actor, body: EntryIn) -> Answer:
    """Join the line. Where a place is free already, it is held within seconds."""
    return _answered(line.join(db, actor, body), 201)


@bp.get("/waiting-list/<entry_id>")
@reads("waiting.read", answer=EntryOut)
def get_entry(*, db: Session, actor: Actor, entry_id: str) -> Answer:
    """One wish with the places held for it so far."""
    return _answered(queries.get_entry(db, actor, read_id("wai", entry_id)))


@bp.patch("/waiting-list/<entry_id>")
@writes("waiting.write", body=EntryChange, answer=EntryOut)
def change(*, db: Session, actor: Actor, entry_id: str, body: EntryIn) -> Answer:
    """Only the fields sent; not while a place is held for it."""
    found = line.change(db, actor, read_id("wai", entry_id), body, expected_rev=expected_version())
    return _answered(found)


@bp.delete("/waiting-list/<entry_id>")
@writes("waiting.write", status=204)
def withdraw(*, db: Session, actor: Actor, entry_id: str) -> Response:
    """Leave the line; a place held for it goes to the next."""
    line.withdraw(db, actor, read_id("wai", entry_id), expected_rev=expected_version())
    return Response(status=204)


@bp.post("/waiting-list/<entry_id>/take")
@writes("waiting.write", answer=EntryOut)
def take(*, db: Session, actor: Actor, entry_id: str) -> Answer:
    """The held draft becomes a booking: session_id tells which."""
    return _answered(line.take(db, actor, read_id("wai", entry_id), expected_rev=expected_version()))


@bp.post("/waiting-list/<entry_id>/pass")
@writes("waiting.write", answer=EntryOut)
def pass_up(*, db: Session, actor: Actor, entry_id: str) -> Answer:
    """Give the held place to the next in line, and wait on for another time."""
    return _answered(line.pass_up(db, actor, read_id("wai", entry_id), expected_rev=expected_version()))
