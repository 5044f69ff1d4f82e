"""What a session's input refers to, looked up and checked together: every fault is named at its field."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.catalog.models import Campaign
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, NotFound
from campaign.kit.names import Bilingual
from campaign.parties.models import Party, Studio
from campaign.parties.queries import zone_of_hub
from campaign.schedule.crew import need_of
from campaign.schedule.crew_schemas import CrewIn
from campaign.schedule.models import CrewPool
from campaign.schedule.rules.plan import CrewNeed, PersonPlan
from campaign.schedule.schemas import ChannelIn, LineupIn, ParticipantIn
from campaign.schedule.spans import LONGEST, SHORTEST, Span, shift_of

Row = TypeVar("Row", bound=Party)

# One statement for all that a session's input names; what is archived is not found.
_LOOK_UP = text("""
    SELECT 'brand' AS kind, id, NULL::bigint AS other, NULL AS name, NULL AS name_en, NULL AS detail FROM brand
    WHERE id = ANY (CAST(:brands AS bigint[])) AND archived_at IS NULL
    UNION ALL SELECT 'account', id, NULL, NULL, NULL, platform FROM platform_account
    WHERE id = ANY (CAST(:accounts AS bigint[])) AND archived_at IS NULL
    UNION ALL SELECT 'host', id, NULL, name, name_en, kind FROM host
    WHERE id = ANY (CAST(:hosts AS bigint[])) AND archived_at IS NULL
    UNION ALL SELECT 'contract', host_id, agency_id, NULL, NULL, NULL FROM host_contract
    WHERE host_id = ANY (CAST(:hosts AS bigint[])) AND during @> CAST(:day AS date)
    UNION ALL SELECT 'agency', id, NULL, NULL, NULL, NULL FROM agency
    WHERE id = ANY (CAST(:agencies AS bigint[])) AND archived_at IS NULL
    UNION ALL SELECT 'product', id, brand_id, NULL, NULL, NULL FROM product
    WHERE id = ANY (CAST(:products AS bigint[])) AND archived_at IS NULL
""")


@dataclass(frozen=True)
class Known:
    """What is there of all that an input names, by id."""

    brands: set[int] = field(default_factory=set)
    agencies: set[int] = field(default_factory=set)
    platforms: dict[int, str] = field(default_factory=dict)
    """Account → its platform."""
    hosts: dict[int, tuple[Bilingual, str]] = field(default_factory=dict)
    """Host → name and kind."""
    contracts: dict[int, int] = field(default_factory=dict)
    """Host → agency by contract on the day asked for."""
    product_brands: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LineupPlan:
    position: int
    product_id: int
    brand_id: int
    live_price_fen: int
    currency: str


class Faults:
    """Collects faults by field and raises them together."""

    def __init__(self) -> None:
        self._found: list[FieldError] = []

    def add(self, field: str, code: str, **params: Any) -> None:
        self._found.append(FieldError(field, code, params))

    def raise_any(self) -> None:
        """Raises Invalid when there are any."""
        if self._found:
            raise Invalid(self._found)


def check_span(starts_at: datetime, ends_at: datetime, faults: Faults) -> None:
    """Shape of a session's span: it ends after it starts, 5 min to 24 h later."""
    length = ends_at - starts_at
    if length <= timedelta(0):
        faults.add("ends_at", "ends_before_start")
    elif length < SHORTEST:
        faults.add("ends_at", "too_short_session", minutes=SHORTEST // timedelta(minutes=1))
    elif length > LONGEST:
        faults.add("ends_at", "too_long_session", hours=LONGEST // timedelta(hours=1))


def get_studio(db: Session, actor: Actor, studio_id: int, faults: Faults) -> Studio:
    """The studio, in use. Asked last: a fault here raises all that was found."""
    studio = _one(db, Studio, studio_id, "studio_id", faults)
    faults.raise_any()
    if studio is None:
        raise NotFound
    return studio


def check_campaign(db: Session, actor: Actor, campaign_id: int | None, faults: Faults) -> None:
    if campaign_id is not None:
        _one(db, Campaign, campaign_id, "campaign_id", faults)


def look_up(
    db: Session,
    actor: Actor,
    *,
    brand_ids: Sequence[int] = (),
    channels: Sequence[ChannelIn] = (),
    people: Sequence[ParticipantIn] = (),
    lineup: Sequence[LineupIn] = (),
    at: datetime | None = None,
) -> Known:
    """All that is named, by one statement. `at`: contracts of that business day."""
    rows = db.execute(
        _LOOK_UP,
        {
            "brands": list(brand_ids),
            "accounts": [one.platform_account_id for one in channels if one.platform_account_id is not None],
            "hosts": [one.host_id for one in people],
            "agencies": [one.agency_id for one in people if one.agency_id is not None],
            "products": [one.product_id for one in lineup],
            "day": at and at.astimezone(zone_of_hub(db, actor)).date(),
        },
    )
    known = Known()
    for kind, one, other, name, name_en, detail in rows:
        if kind == "brand":
            known.brands.add(one)
        elif kind == "agency":
            known.agencies.add(one)
        elif kind == "account":
            known.platforms[one] = detail
        elif kind == "host":
            known.hosts[one] = Bilingual(name, name_en), detail
        else:
            (known.contracts if kind == "contract" else known.product_brands)[one] = other
    return known


def check_brands(
    db: Session, actor: Actor, brand_ids: Sequence[int], faults: Faults, known: Known | None = None
) -> None:
    """`known`: what look_up() found, where more was looked up at once."""
    known = known or look_up(db, actor, brand_ids=brand_ids)
    for at, brand_id in enumerate(brand_ids):
        if brand_id not in known.brands:
            faults.add(f"brand_ids.{at}", "unknown_id")


def check_channels(
    db: Session, actor: Actor, channels: Sequence[ChannelIn], faults: Faults, known: Known | None = None
) -> None:
    known = known or look_up(db, actor, channels=channels)
    for at, channel in enumerate(channels):
        if channel.platform_account_id is None:
            continue
        platform = known.platforms.get(channel.platform_account_id)
        if platform is None:
            faults.add(f"channels.{at}.platform_account_id", "unknown_id")
        elif platform != channel.platform:
            faults.add(f"channels.{at}.platform_account_id", "account_of_other_platform")


def plan_people(
    db: Session,
    actor: Actor,
    given: Sequence[ParticipantIn],
    session: Span,
    faults: Faults,
    known: Known | None = None,
    reach: Span | None = None,
) -> list[PersonPlan]:
    """Participants with names, agencies (given, else by contract on the day) and shifts inside the session.

    reach: where a shift may lie, if that is more: a show on air begins early and runs over.
    """
    known = known or look_up(db, actor, people=given, at=session.starts_at)
    plans: list[PersonPlan] = []
    for at, person in enumerate(given):
        host_id, found = person.host_id, known.hosts.get(person.host_id)
        if found is None:
            faults.add(f"participants.{at}.host_id", "unknown_id")
            continue
        if person.agency_id is not None and person.agency_id not in known.agencies:
            faults.add(f"participants.{at}.agency_id", "unknown_id")
        shift = shift_of(session, person.from_at, person.to_at)
        if shift.starts_at >= shift.ends_at:
            faults.add(f"participants.{at}.to", "ends_before_start")
        elif not (reach or session).holds(shift):
            faults.add(f"participants.{at}.from", "outside_session")
        elif any(plan.host_id == host_id and plan.shift.overlaps(shift) for plan in plans):
            faults.add(f"participants.{at}.host_id", "twice")
        agency_id = person.agency_id or known.contracts.get(host_id)
        plans.append(PersonPlan(host_id, found[0], found[1], person.role, agency_id, shift))
    return plans


def plan_lineup(
    db: Session,
    actor: Actor,
    given: Sequence[LineupIn],
    brand_ids: Sequence[int],
    faults: Faults,
    known: Known | None = None,
) -> list[LineupPlan]:
    """Line-up rows with positions and the products' brands, which must be of the session."""
    known = known or look_up(db, actor, lineup=given)
    plans: list[LineupPlan] = []
    for at, item in enumerate(given):
        brand_id = known.product_brands.get(item.product_id)
        if brand_id is None:
            faults.add(f"lineup.{at}.product_id", "unknown_id")
        elif brand_id not in brand_ids:
            faults.add(f"lineup.{at}.product_id", "product_of_other_brand")
        else:
            position = item.position or at + 1
            plans.append(LineupPlan(position, item.product_id, brand_id, item.live_price_fen, item.currency))
    return plans


def plan_crew(db: Session, actor: Actor, given: Sequence[CrewIn], faults: Faults) -> list[CrewNeed]:
    """The crews a session needs; none can be asked for more people than it has."""
    pools = _by_id(db, CrewPool, [one.pool_id for one in given])
    needs: list[CrewNeed] = []
    for at, one in enumerate(given):
        pool = pools.get(one.pool_id)
        if pool is None:
            faults.add(f"crew.{at}.pool_id", "unknown_id")
        elif one.units > pool.capacity:
            faults.add(f"crew.{at}.units", "more_than_the_crew", most=pool.capacity)
        else:
            needs.append(need_of(pool, one.units))
    return needs


def _by_id(db: Session, model: type[Row], wanted: Iterable[int | None]) -> dict[int, Row]:
    ids = {value for value in wanted if value is not None}
    if not ids:
        return {}
    return {
        row.id: row for row in db.scalars(select(model).where(model.id.in_(ids), model.archived_at.is_(None)))
    }


def _one(db: Session, model: type[Row], wanted: int, field: str, faults: Faults) -> Row | None:
    found = _by_id(db, model, [wanted]).get(wanted)
    if found is None:
        faults.add(field, "unknown_id")
    return found
