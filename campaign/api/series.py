"""Series: one show on many dates."""

from apiflask import APIBlueprint
from flask import url_for
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.conflicts import shown
from campaign.api.ids import read_id
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.gate.wording import in_words
from campaign.kit.actor import Actor
from campaign.kit.ids import public
from campaign.schedule.errors import Conflicting
from campaign.schedule.series import altering, making, queries, schemas
from campaign.schedule.series.errors import Tried
from campaign.schedule.series.models import Series

bp = APIBlueprint("api_series", __name__, tag="Series")


def _answered(db: Session, actor: Actor, row: Series, status: int = 200) -> Answer:
    headers = {"ETag": etag(row.version)}
    if status == 201:
        headers["Location"] = url_for("api_series.get_series", series_id=public("srs", row.id))
    days = queries.days_of(db, actor, row)
    body = schemas.SeriesOut(
        id=row.id,
        version=row.version,
        rule=row.rule,
        timezone=row.timezone,
        first_on=row.first_on,
        until_on=row.until_on,
        template=row.template,
        split_from=row.split_from,
        dates=[_day(one) for one in days],
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
    return Answer(body, status, headers)


def _day(one: queries.SeriesDay) -> schemas.DateOut:
    at = one.view or one.span
    return schemas.DateOut(
        date=one.on_date,
        starts_at=at.starts_at,
        ends_at=at.ends_at,
        session_id=one.session_id,
        state=one.state,
        skipped=one.skipped,
        changed=sorted(one.changed),
    )


def _tried(one: Tried) -> schemas.TriedOut:
    error = one.error
    return schemas.TriedOut(
        date=one.on_date,
        starts_at=one.span.starts_at,
        ends_at=one.span.ends_at,
        code=error.error_code if error else None,
        message=in_words(error.error_code, error.params) if error else None,
        conflicts=[shown(found) for found in error.conflicts] if isinstance(error, Conflicting) else [],
    )


@bp.get("/series")
@reads("series.read", query=schemas.SeriesQuery, answer=schemas.SeriesList)
def list_series(*, db: Session, actor: Actor, query: schemas.SeriesQuery) -> BaseModel:
    """Every series without its dates, the newest first; with session_id that of one session."""
    page = queries.page_of_series(
        db,
        actor,
        limit=query.limit,
        cursor=query.cursor,
        session_id=query.session_id,
        updated_since=query.updated_since,
    )
    items = [
        schemas.SeriesLine(
            id=one.row.id,
            version=one.row.version,
            title=one.row.title,
            rule=one.row.rule,
            first_on=one.row.first_on,
            until_on=one.row.until_on,
            starts=one.row.starts,
            ends=one.row.ends,
            studio_id=one.row.studio_id,
            ahead=one.ahead,
        )
        for one in page.items
    ]
    return schemas.SeriesList(items=items, next_cursor=page.next_cursor)


@bp.post("/series")
@writes("sessions.plan", body=schemas.SeriesIn, answer=schemas.SeriesOut, status=201)
def repeat(*, db: Session, actor: Actor, body: schemas.SeriesIn) -> Answer:
    """Book a draft on each date, or say of each date what is in its way."""
    return _answered(db, actor, making.repeat(db, actor, body), 201)


@bp.post("/series/check")
@writes("sessions.plan", body=schemas.SeriesIn, answer=schemas.TriedList)
def check(*, db: Session, actor: Actor, body: schemas.SeriesIn) -> BaseModel:
    """The dates of a rule, and what each would meet; nothing is booked."""
    tried = [_tried(one) for one in making.preview(db, actor, body)]
    return schemas.TriedList(ok=all(one.code is None for one in tried), items=tried)


@bp.get("/series/<series_id>")
@reads("series.read", answer=schemas.SeriesOut)
def get_series(*, db: Session, actor: Actor, series_id: str) -> Answer:
    """A series with its dates."""
    return _answered(db, actor, queries.get_series(db, actor, read_id("srs", series_id)))


@bp.patch("/series/<series_id>")
@writes("sessions.plan", body=schemas.SeriesChange, answer=schemas.SeriesOut)
def change(*, db: Session, actor: Actor, series_id: str, body: schemas.SeriesChange) -> Answer:
    """Change all dates ahead; with `from_on` those from a date on, which then are the series that is answered."""
    row = altering.change(db, actor, read_id("srs", series_id), body, expected_version=expected_version())
    return _answered(db, actor, row)


@bp.post("/series/<series_id>/extend")
@writes("sessions.plan", body=schemas.ExtendIn, answer=schemas.SeriesOut)
def extend(*, db: Session, actor: Actor, series_id: str, body: schemas.ExtendIn) -> Answer:
    """A later last date: those up to it are booked."""
    row = making.extend(db, actor, read_id("srs", series_id), body, expected_version=expected_version())
    return _answered(db, actor, row)


@bp.post("/series/<series_id>/end")
@writes("sessions.plan", body=schemas.EndIn, answer=schemas.SeriesOut)
def end(*, db: Session, actor: Actor, series_id: str, body: schemas.EndIn) -> Answer:
    """Call off all dates ahead, or those from a date on."""
    row = altering.end(db, actor, read_id("srs", series_id), body, expected_version=expected_version())
    return _answered(db, actor, row)


@bp.post("/series/<series_id>/skip")
@writes("sessions.plan", body=schemas.SkipIn, answer=schemas.SeriesOut)
def skip(*, db: Session, actor: Actor, series_id: str, body: schemas.SkipIn) -> Answer:
    """Call one date off; it can be booked again."""
    row = altering.skip(db, actor, read_id("srs", series_id), body, expected_version=expected_version())
    return _answered(db, actor, row)


@bp.post("/series/<series_id>/re-add")
@writes("sessions.plan", body=schemas.ReAddIn, answer=schemas.SeriesOut)
def re_add(*, db: Session, actor: Actor, series_id: str, body: schemas.ReAddIn) -> Answer:
    """Book a skipped date after all, as the series now is."""
    row = making.re_add(db, actor, read_id("srs", series_id), body, expected_version=expected_version())
    return _answered(db, actor, row)
