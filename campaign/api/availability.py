"""When hosts may be booked, when studios and hub are closed, and what clashes with it."""

from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.gate.door import reads, writes
from campaign.kit.actor import Actor
from campaign.schedule import availability
from campaign.schedule.availability import Owner
from campaign.schedule.clashes import clashes
from campaign.schedule.window_schemas import ClashOut, ExceptionOut, WeeklyOut, WindowsIn, WindowsOut

bp = APIBlueprint("api_availability", __name__, tag="Availability")


def _shown(db: Session, actor: Actor, owner: Owner) -> WindowsOut:
    rows = availability.windows_of(db, actor, owner)
    dated = [row for row in rows if row.weekday is None]
    return WindowsOut(
        weekly=[WeeklyOut.model_validate(_weekly(row)) for row in rows if row.weekday is not None],
        exceptions=[
            ExceptionOut(
                starts_at=row.starts_at, ends_at=row.ends_at, available=not row.shut, reason=row.reason
            )
            for row in dated
            if row.starts_at is not None and row.ends_at is not None
        ],
        clashes=[
            ClashOut(
                rule=one.rule,
                session_id=one.session_id,
                title=one.title,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
            )
            for one in clashes(db, actor, owner)
        ],
    )


def _weekly(row: Any) -> dict[str, Any]:
    return {
        "weekday": row.weekday,
        "from": row.from_time,
        "to": row.to_time,
        "available": not row.shut,
    }


@bp.get("/hosts/<host_id>/availability")
@reads("availability.read", answer=WindowsOut)
def get_availability(*, db: Session, actor: Actor, host_id: str) -> BaseModel:
    """A host's weekly hours, leave and exceptions, and the booked sessions in its leave."""
    return _shown(db, actor, availability.owner_of_host(db, actor, read_id("hst", host_id)))


@bp.put("/hosts/<host_id>/availability")
@writes("availability.write", body=WindowsIn, answer=WindowsOut)
def put_availability(*, db: Session, actor: Actor, host_id: str, body: WindowsIn) -> BaseModel:
    """Replace them all. Leave is recorded whatever is booked; the hub is told of what it clashes with."""
    owner = availability.owner_of_host(db, actor, read_id("hst", host_id))
    availability.set_windows(db, actor, owner, body)
    return _shown(db, actor, owner)


@bp.get("/studios/<studio_id>/closures")
@reads("parties.read", answer=WindowsOut)
def get_closures(*, db: Session, actor: Actor, studio_id: str) -> BaseModel:
    """When a studio is closed, each week and by date."""
    return _shown(db, actor, availability.owner_of_studio(db, actor, read_id("std", studio_id)))


@bp.put("/studios/<studio_id>/closures")
@writes("parties.write", body=WindowsIn, answer=WindowsOut)
def put_closures(*, db: Session, actor: Actor, studio_id: str, body: WindowsIn) -> BaseModel:
    """Replace them all."""
    owner = availability.owner_of_studio(db, actor, read_id("std", studio_id))
    availability.set_windows(db, actor, owner, body)
    return _shown(db, actor, owner)


@bp.get("/hub/closures")
@reads("parties.read", answer=WindowsOut)
def get_hub_closures(*, db: Session, actor: Actor) -> BaseModel:
    """When the whole hub is closed."""
    return _shown(db, actor, availability.owner_of_studio(db, actor, None))


@bp.put("/hub/closures")
@writes("parties.write", body=WindowsIn, answer=WindowsOut)
def put_hub_closures(*, db: Session, actor: Actor, body: WindowsIn) -> BaseModel:
    """Replace them all."""
    owner = availability.owner_of_studio(db, actor, None)
    availability.set_windows(db, actor, owner, body)
    return _shown(db, actor, owner)
