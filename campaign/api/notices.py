"""Notices of the actor's party, and the channels that carry them on."""

from apiflask import APIBlueprint
from flask import Response, url_for
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.delivery.notices import channels, queries, schemas
from campaign.delivery.notices.models import NoticeChannel
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expect, expected_version
from campaign.gate.notices import house, say
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery
from campaign.live.alerts import acknowledge_notice
from campaign.outbox.notices import Notice
from campaign.parties.queries import zone_of_hub

bp = APIBlueprint("api_notices", __name__, tag="Notices")


@bp.get("/notices")
@reads("notices.read", query=schemas.NoticeQuery, answer=schemas.NoticeList)
def list_notices(*, db: Session, actor: Actor, query: schemas.NoticeQuery) -> BaseModel:
    """Notices of the own party, newest first; `seen` is about this key alone."""
    page = queries.page_of_notices(db, actor, query)
    items = [_shown(db, actor, one.notice, seen=one.seen) for one in page.items]
    return schemas.NoticeList(items=items, next_cursor=page.next_cursor)


@bp.post("/notices/<notice_id>/acknowledge")
@writes("notices.acknowledge", answer=schemas.NoticeOut)
def acknowledge(*, db: Session, actor: Actor, notice_id: str) -> BaseModel:
    """Say that one sees to it. The first one counts; an alert is acknowledged with its notice."""
    notice = acknowledge_notice(db, actor, read_id("ntc", notice_id))
    return _shown(db, actor, notice, seen=True)


@bp.get("/notice-channels")
@reads("channels.read", query=ListQuery, answer=schemas.NoticeChannelList)
def list_channels(*, db: Session, actor: Actor, query: ListQuery) -> BaseModel:
    """The own party's channels in use."""
    page = queries.page_of_channels(db, actor, query)
    items = [_channel_out(row) for row in page.items]
    return schemas.NoticeChannelList(items=items, next_cursor=page.next_cursor)


@bp.post("/notice-channels")
@writes("channels.write", body=schemas.NoticeChannelIn, answer=schemas.NoticeChannelOut, status=201)
def add_channel(*, db: Session, actor: Actor, body: schemas.NoticeChannelIn) -> Answer:
    """Add a chat robot or a mailbox. Address and secret are kept sealed and not shown again."""
    made = channels.add_channel(db, actor, body, house())
    shown = _channel_out(made)
    path = url_for("api_notices.get_channel", channel_id=shown.model_dump()["id"])
    return Answer(shown, 201, {"ETag": etag(made.rev), "Location": path})


@bp.get("/notice-channels/<channel_id>")
@reads("channels.read", answer=schemas.NoticeChannelOut)
def get_channel(*, db: Session, actor: Actor, channel_id: str) -> Answer:
    """One channel with its health."""
    return _answer(_channel(db, actor, channel_id))


@bp.patch("/notice-channels/<channel_id>")
@writes("channels.write", body=schemas.NoticeChannelChange, answer=schemas.NoticeChannelOut)
def change_channel(
    *, db: Session, actor: Actor, channel_id: str, body: schemas.NoticeChannelChange
) -> Answer:
    """Change, pause (state paused) or take up again (state active). One that is disabled is not paused: 409."""
    row = _channel(db, actor, channel_id)
    changed = channels.change_channel(db, actor, row, body, house(), expected_rev=expected_version())
    return _answer(changed)


@bp.delete("/notice-channels/<channel_id>")
@writes("channels.write", status=204)
def remove_channel(*, db: Session, actor: Actor, channel_id: str) -> Response:
    """Take it out of use; what waits for it is aborted."""
    channels.remove_channel(db, actor, _channel(db, actor, channel_id), expected_rev=expected_version())
    return Response(status=204)


@bp.post("/notice-channels/<channel_id>/test")
@writes("channels.write", answer=schemas.NoticeChannelOut, status=202)
def test_channel(*, db: Session, actor: Actor, channel_id: str) -> BaseModel:
    """Send a test by this channel, through the same queue as everything."""
    row = _channel(db, actor, channel_id)
    expect(row.rev)
    channels.test(db, actor, row)
    return _channel_out(row)


def _channel(db: Session, actor: Actor, channel_id: str) -> NoticeChannel:
    return queries.get_channel(db, actor, read_id("nch", channel_id))


def _answer(row: NoticeChannel) -> Answer:
    return Answer(_channel_out(row), 200, {"ETag": etag(row.rev)})


def _channel_out(row: NoticeChannel) -> schemas.NoticeChannelOut:
    names = schemas.NoticeChannelOut.model_fields.keys() - {"address", "signed"}
    known = {name: getattr(row, name) for name in names}
    return schemas.NoticeChannelOut(**known, address=row.address_hint, signed=row.secret_sealed is not None)


def _shown(db: Session, actor: Actor, notice: Notice, *, seen: bool) -> schemas.NoticeOut:
    names = ("id", "kind", "params", "session_id", "at", "useful_until", "acknowledged_at")
    return schemas.NoticeOut(
        **{name: getattr(notice, name) for name in names},
        message=say(notice.kind, notice.params, zone_of_hub(db, actor), notice.audience),
        seen=seen,
        acknowledged_by=notice.acknowledged_name,
    )
