"""The hub's rules: numbers and levels, opening hours, exclusive hosts, brands that compete."""

from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag, expected_version
from campaign.kit.actor import Actor
from campaign.parties import bonds, schemas
from campaign.parties.queries import get_hub
from campaign.schedule.house import rules_of_hub, set_hours, set_rules
from campaign.schedule.rules.limits import RulesIn
from campaign.schedule.window_schemas import HoursIn, HoursOut

bp = APIBlueprint("api_rules", __name__, tag="Rules")


class RulesOut(BaseModel):
    """Every level is named, those the database holds (hard, fixed) among them."""

    longest_stretch_minutes: int
    break_minutes: int
    day_minutes: int
    between_days_minutes: int
    rival_gap_minutes: int
    sku_gap_minutes: int
    answer_minutes: int
    levels: dict[str, str]
    rev: int


def _rules(db: Session, actor: Actor) -> Answer:
    found: dict[str, Any] = rules_of_hub(db, actor)
    return Answer(RulesOut.model_validate(found), 200, {"ETag": etag(found["rev"])})


@bp.get("/hub/rules")
@reads("rules.read", answer=RulesOut)
def get_rules(*, db: Session, actor: Actor) -> Answer:
    """What each rule does, and its numbers."""
    return _rules(db, actor)


@bp.put("/hub/rules")
@writes("rules.write", body=RulesIn, answer=RulesOut)
def put_rules(*, db: Session, actor: Actor, body: RulesIn) -> Answer:
    """Set them all; what is left out goes back to its default."""
    set_rules(db, actor, body, expected_rev=expected_version())
    return _rules(db, actor)


def _hours(db: Session, actor: Actor) -> Answer:
    hub = get_hub(db, actor)
    answer = HoursOut(opens=hub.opens, closes=hub.closes, rev=hub.rev)
    return Answer(answer, 200, {"ETag": etag(hub.rev)})


@bp.get("/hub/hours")
@reads("rules.read", answer=HoursOut)
def get_hours(*, db: Session, actor: Actor) -> Answer:
    """When the hub is open, every day."""
    return _hours(db, actor)


@bp.put("/hub/hours")
@writes("parties.write", body=HoursIn, answer=HoursOut)
def put_hours(*, db: Session, actor: Actor, body: HoursIn) -> Answer:
    """Set them; sessions outside them are judged by the rule outside_hours from now on."""
    set_hours(db, actor, body, expected_rev=expected_version())
    return _hours(db, actor)


def _groups(db: Session, actor: Actor) -> schemas.RivalGroupsOut:
    found = bonds.rival_groups(db, actor).items()
    return schemas.RivalGroupsOut(
        items=[schemas.RivalGroupOut(name=name, brand_ids=brand_ids) for name, brand_ids in found]
    )


@bp.get("/hub/rival-brands")
@reads("rules.read", answer=schemas.RivalGroupsOut)
def get_rivals(*, db: Session, actor: Actor) -> BaseModel:
    """Groups of brands that compete with each other."""
    return _groups(db, actor)


@bp.put("/hub/rival-brands")
@writes("rules.write", body=schemas.RivalGroupsIn, answer=schemas.RivalGroupsOut)
def put_rivals(*, db: Session, actor: Actor, body: schemas.RivalGroupsIn) -> BaseModel:
    """Replace all groups."""
    bonds.set_rival_groups(db, actor, body.items)
    return _groups(db, actor)


def _promises(db: Session, actor: Actor, host_id: int) -> schemas.ExclusivitiesOut:
    return schemas.ExclusivitiesOut(
        items=[
            schemas.ExclusivityOut(
                brand_id=row.brand_id, scope=row.scope, starts_on=row.during.lower, ends_on=row.during.upper
            )
            for row in bonds.exclusivities_of(db, actor, host_id)
        ]
    )


@bp.get("/hosts/<host_id>/exclusivity")
@reads("rules.read", answer=schemas.ExclusivitiesOut)
def get_exclusivity(*, db: Session, actor: Actor, host_id: str) -> BaseModel:
    """To which brands a host is promised."""
    return _promises(db, actor, read_id("hst", host_id))


@bp.put("/hosts/<host_id>/exclusivity")
@writes("rules.write", body=schemas.ExclusivitiesIn, answer=schemas.ExclusivitiesOut)
def put_exclusivity(*, db: Session, actor: Actor, host_id: str, body: schemas.ExclusivitiesIn) -> BaseModel:
    """Replace them all."""
    found = read_id("hst", host_id)
    bonds.set_exclusivities(db, actor, found, body.items)
    return _promises(db, actor, found)
