"""What a session's input refers to, looked up and checked together: every fault is named at its field."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.catalog.models import Campaign, PlatformAccount, Product
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, NotFound
from campaign.parties.models import Agency, Brand, Host, Party, Studio
from campaign.parties.queries import agencies_on
from campaign.schedule.crew import need_of
from campaign.schedule.crew_schemas import CrewIn
from campaign.schedule.models import CrewPool
from campaign.schedule.rules.plan import CrewNeed, PersonPlan
from campaign.schedule.schemas import ChannelIn, LineupIn, ParticipantIn
from campaign.schedule.spans import LONGEST, SHORTEST, Span, shift_of

Row = TypeVar("Row", bound=Party)


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


def check_brands(db: Session, actor: Actor, brand_ids: Sequence[int], faults: Faults) -> None:
    found = _by_id(db, Brand, brand_ids)
    for at, brand_id in enumerate(brand_ids):
        if brand_id not in found:
            faults.add(f"brand_ids.{at}", "unknown_id")


def check_channels(db: Session, actor: Actor, channels: Sequence[ChannelIn], faults: Faults) -> None:
    found = _by_id(db, PlatformAccount, [c.platform_account_id for c in channels if c.platform_account_id])
    for at, channel in enumerate(channels):
        if channel.platform_account_id is None:
            continue
        account = found.get(channel.platform_account_id)
        if account is None:
            faults.add(f"channels.{at}.platform_account_id", "unknown_id")
        elif account.platform != channel.platform:
            faults.add(f"channels.{at}.platform_account_id", "account_of_other_platform")


def plan_people(
    db: Session, actor: Actor, given: Sequence[ParticipantIn], session: Span, faults: Faults
) -> list[PersonPlan]:
    """Participants with names, agencies (given, else by contract on the day) and shifts inside the session."""
    hosts = _by_id(db, Host, [person.host_id for person in given])
    agencies = _by_id(db, Agency, [person.agency_id for person in given if person.agency_id is not None])
    contracts = agencies_on(db, actor, [person.host_id for person in given], session.starts_at)
    plans: list[PersonPlan] = []
    for at, person in enumerate(given):
        host = hosts.get(person.host_id)
        if host is None:
            faults.add(f"participants.{at}.host_id", "unknown_id")
            continue
        if person.agency_id is not None and person.agency_id not in agencies:
            faults.add(f"participants.{at}.agency_id", "unknown_id")
        shift = shift_of(session, person.from_at, person.to_at)
        if shift.starts_at >= shift.ends_at:
            faults.add(f"participants.{at}.to", "ends_before_start")
        elif not session.holds(shift):
            faults.add(f"participants.{at}.from", "outside_session")
        elif any(plan.host_id == host.id and plan.shift.overlaps(shift) for plan in plans):
            faults.add(f"participants.{at}.host_id", "twice")
        agency_id = person.agency_id or contracts.get(host.id)
        plans.append(PersonPlan(host.id, host.name, host.kind, person.role, agency_id, shift))
    return plans


def plan_lineup(
    db: Session, actor: Actor, given: Sequence[LineupIn], brand_ids: Sequence[int], faults: Faults
) -> list[LineupPlan]:
    """Line-up rows with positions and the products' brands, which must be of the session."""
    products = _by_id(db, Product, [item.product_id for item in given])
    plans: list[LineupPlan] = []
    for at, item in enumerate(given):
        product = products.get(item.product_id)
        if product is None:
            faults.add(f"lineup.{at}.product_id", "unknown_id")
        elif product.brand_id not in brand_ids:
            faults.add(f"lineup.{at}.product_id", "product_of_other_brand")
        else:
            position = item.position or at + 1
            plans.append(
                LineupPlan(position, product.id, product.brand_id, item.live_price_fen, item.currency)
            )
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
