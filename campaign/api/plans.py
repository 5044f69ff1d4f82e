"""Plans: a week laid out beside the board, compared with it, released all or nothing."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, url_for
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.conflicts import shown
from campaign.api.ids import read_id
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.gate.wording import in_words
from campaign.kit.actor import Actor
from campaign.kit.errors import DomainError, Invalid
from campaign.kit.ids import public
from campaign.schedule.plans import drafting, looking, queries, releasing, shapes
from campaign.schedule.plans.looking import Seen
from campaign.schedule.plans.models import WeekPlan
from campaign.schedule.plans.schemas import PlanChange, PlanEntryIn, PlanIn, ReleaseIn

bp = APIBlueprint("api_plans", __name__, tag="Plans")


def _answered(db: Session, actor: Actor, row: WeekPlan, status: int = 200) -> Answer:
    entries = [shapes.entry_of(one) for one in queries.entries_of(db, actor, row.id)]
    headers = {"ETag": etag(row.rev)}
    if status == 201:
        headers["Location"] = url_for("api_plans.get_plan", plan_id=public("pln", row.id))
    return Answer(shapes.PlanOut(**shapes.head_of(row, len(entries)), entries=entries), status, headers)


@bp.get("/plans")
@reads("plans.read", query=shapes.PlanQuery, answer=shapes.PlanList)
def list_plans(*, db: Session, actor: Actor, query: shapes.PlanQuery) -> BaseModel:
    """Every plan without its entries, the newest first."""
    page = queries.page_of_plans(
        db,
        actor,
        limit=query.limit,
        cursor=query.cursor,
        state=query.state,
        updated_since=query.updated_since,
    )
    items = [shapes.PlanHead(**shapes.head_of(one.row, one.entries)) for one in page.items]
    return shapes.PlanList(items=items, next_cursor=page.next_cursor)


@bp.post("/plans")
@writes("plans.write", body=PlanIn, answer=shapes.PlanOut, status=201)
def open_plan(*, db: Session, actor: Actor, body: PlanIn) -> Answer:
    """Open a plan, empty or with the sessions of an earlier time at the same wall times. Nothing is claimed."""
    return _answered(db, actor, drafting.open_plan(db, actor, body), 201)


@bp.get("/plans/<plan_id>")
@reads("plans.read", answer=shapes.PlanOut)
def get_plan(*, db: Session, actor: Actor, plan_id: str) -> Answer:
    """A plan with its entries."""
    return _answered(db, actor, queries.get_plan(db, actor, read_id("pln", plan_id)))


@bp.patch("/plans/<plan_id>")
@writes("plans.write", body=PlanChange, answer=shapes.PlanOut)
def change_plan(*, db: Session, actor: Actor, plan_id: str, body: PlanChange) -> Answer:
    """Another name or note."""
    found = drafting.change_plan(db, actor, read_id("pln", plan_id), body, expected_rev=expected_version())
    return _answered(db, actor, found)


@bp.post("/plans/<plan_id>/entries")
@writes("plans.write", body=PlanEntryIn, answer=shapes.PlanOut, status=201)
def add_entry(*, db: Session, actor: Actor, plan_id: str, body: PlanEntryIn) -> Answer:
    """A session to book, to change or to call off with the release. Nothing is checked against the board yet."""
    number = read_id("pln", plan_id)
    drafting.put_entry(db, actor, number, body, expected_rev=expected_version())
    return _answered(db, actor, queries.get_plan(db, actor, number), 201)


@bp.put("/plans/<plan_id>/entries/<entry_id>")
@writes("plans.write", body=PlanEntryIn, answer=shapes.PlanOut)
def replace_entry(*, db: Session, actor: Actor, plan_id: str, entry_id: str, body: PlanEntryIn) -> Answer:
    """Another entry in the place of this one, upon the session as it is now unless a version is given."""
    number = read_id("pln", plan_id)
    entry = read_id("ple", entry_id)
    drafting.put_entry(db, actor, number, body, entry_id=entry, expected_rev=expected_version())
    return _answered(db, actor, queries.get_plan(db, actor, number))


@bp.delete("/plans/<plan_id>/entries/<entry_id>")
@writes("plans.write", status=204)
def remove_entry(*, db: Session, actor: Actor, plan_id: str, entry_id: str) -> Response:
    """Leave that session as it stands."""
    drafting.remove_entry(
        db, actor, read_id("pln", plan_id), read_id("ple", entry_id), expected_rev=expected_version()
    )
    return Response(status=204)


@bp.post("/plans/<plan_id>/entries/<entry_id>/catch-up")
@writes("plans.write", answer=shapes.PlanOut)
def catch_up(*, db: Session, actor: Actor, plan_id: str, entry_id: str) -> Answer:
    """Keep an overtaken entry, upon the session as it is now."""
    number = read_id("pln", plan_id)
    drafting.catch_up(db, actor, number, read_id("ple", entry_id), expected_rev=expected_version())
    return _answered(db, actor, queries.get_plan(db, actor, number))


@bp.get("/plans/<plan_id>/comparison")
@reads("plans.read", answer=shapes.PlanComparisonOut)
def compare(*, db: Session, actor: Actor, plan_id: str) -> BaseModel:
    """What it would change on the board as it stands now, and what each entry would meet, by time."""
    plan = queries.get_plan(db, actor, read_id("pln", plan_id))
    seen = looking.look(db, actor, plan)
    return shapes.PlanComparisonOut(
        ok=bool(seen) and not any(one.error or one.hard or one.soft for one in seen),
        rev=plan.rev,
        items=[_compared(one) for one in seen],
    )


@bp.post("/plans/<plan_id>/release")
@writes("plans.write", body=ReleaseIn, answer=shapes.PlanOut)
def release(*, db: Session, actor: Actor, plan_id: str, body: ReleaseIn) -> Answer:
    """All of it or nothing: a refusal names every entry in the way. Each party hears of it once."""
    found = releasing.release(db, actor, read_id("pln", plan_id), body, expected_rev=expected_version())
    return _answered(db, actor, found)


@bp.post("/plans/<plan_id>/drop")
@writes("plans.write", answer=shapes.PlanOut)
def drop(*, db: Session, actor: Actor, plan_id: str) -> Answer:
    """Give a plan up."""
    found = drafting.drop_plan(db, actor, read_id("pln", plan_id), expected_rev=expected_version())
    return _answered(db, actor, found)


def _compared(seen: Seen) -> shapes.ComparedOut:
    return shapes.ComparedOut(
        entry_id=seen.entry.id,
        kind=seen.entry.kind,
        session_id=seen.entry.session_id,
        title=seen.title,
        starts_at=seen.at.starts_at,
        ends_at=seen.at.ends_at,
        differences=[_difference(one) for one in seen.differences],
        conflicts=[shown(one) for one in seen.hard],
        warnings=[shown(one) for one in seen.soft],
        problem=seen.error.error_code if seen.error else None,
        message=in_words(seen.error.error_code, seen.error.params) if seen.error else None,
        errors=_errors(seen.error),
    )


def _difference(one: Any) -> shapes.DifferenceOut:
    before, after = shapes.plain_of(one)
    message = in_words(f"difference.{one.kind}", {})
    return shapes.DifferenceOut(kind=one.kind, message=message, before=before, after=after)


def _errors(error: DomainError | None) -> list[shapes.PlanFault]:
    if not isinstance(error, Invalid):
        return []
    return [
        shapes.PlanFault(field=one.field, code=one.code, message=in_words(one.code, one.params))
        for one in error.errors
    ]
