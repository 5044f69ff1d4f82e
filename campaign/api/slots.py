"""Free places for a show, ranked."""

from apiflask import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.gate.door import reads
from campaign.gate.wording import in_words
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import BrandId
from campaign.kit.ranges import read_range
from campaign.parties.queries import zone_of_hub
from campaign.schedule import shapes
from campaign.schedule.ranking import Ranked
from campaign.schedule.slots import free_slots

bp = APIBlueprint("api_slots", __name__, tag="Sessions")


class SlotQuery(shapes.SlotQuery):
    """brand_id, which may be repeated: whether the hosts sold it before counts."""

    brand_id: BrandId | list[BrandId] | None = None


class ReasonOut(BaseModel):
    """good: it speaks for the place; else against it."""

    code: str
    good: bool
    message: str


class RankedOut(shapes.SlotOut):
    """score: 0 to 100, by prime time, the hosts' fit and rest, and least disruption."""

    score: int
    reasons: list[ReasonOut]


class RankedList(BaseModel):
    items: list[RankedOut]


@bp.get("/slots")
@reads("sessions.check", query=SlotQuery, answer=RankedList)
def slots(*, db: Session, actor: Actor, query: SlotQuery) -> BaseModel:
    """Free places for a show of so many minutes, best first: all hosts free, any of the studios."""
    from_at, to_at = read_range(query.from_at, query.to_at, zone_of_hub(db, actor))
    if from_at is None or to_at is None:
        raise Invalid([FieldError("from", "missing")])
    found = free_slots(
        db,
        actor,
        from_at,
        to_at,
        query.minutes,
        studio_ids=_several(query.studio_id),
        host_ids=_several(query.host_id),
        brand_ids=_several(query.brand_id),
        limit=query.limit,
    )
    return RankedList(items=[_written(one) for one in found])


def _written(slot: Ranked) -> RankedOut:
    return RankedOut(
        studio_id=slot.studio_id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        score=slot.score,
        reasons=[
            ReasonOut(code=one.code, good=one.good, message=in_words(one.code, one.params))
            for one in slot.reasons
        ],
    )


def _several(given: int | list[int] | None) -> list[int]:
    if given is None:
        return []
    return given if isinstance(given, list) else [given]
