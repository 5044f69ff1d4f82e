"""Reading parties, each scoped by the actor."""

from datetime import datetime
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, false, func, select
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.kit.paging import Page, from_cursor, page_from
from campaign.parties.models import Agency, Brand, Host, HostAlias, HostContract, Hub, Party

Row = TypeVar("Row", bound=Party)


def get_hub(db: Session, _actor: Actor) -> Hub:
    """The hub of this installation; raises NotFound before set-up."""
    hub = _find_hub(db)
    if hub is None:
        raise NotFound
    return hub


def _find_hub(db: Session) -> Hub | None:
    # Held for the transaction: the identity map forgets what nobody holds.
    if db.info.get("hub") is None:
        db.info["hub"] = db.get(Hub, 1)
    return db.info["hub"]  # type: ignore[no-any-return]


def zone_of_hub(db: Session, actor: Actor) -> ZoneInfo:
    """The hub's time zone: Asia/Shanghai until set-up says otherwise."""
    if "hub_zone" not in db.info:
        hub = _find_hub(db)
        db.info["hub_zone"] = ZoneInfo(hub.timezone if hub else "Asia/Shanghai")
    return db.info["hub_zone"]  # type: ignore[no-any-return]


def get(db: Session, actor: Actor, model: type[Row], party_id: int) -> Row:
    """One party by id; raises NotFound when it is not there or not the actor's to see."""
    found = db.scalars(_visible(actor, model).where(model.id == party_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def page_of(
    db: Session,
    actor: Actor,
    model: type[Row],
    *,
    limit: int,
    cursor: str | None = None,
    updated_since: datetime | None = None,
    where: tuple[ColumnElement[bool], ...] = (),
    archived: bool = False,
) -> Page[Row]:
    """Parties in use, or the archived ones, oldest first; with updated_since both, so that a copy can follow."""
    statement = _visible(actor, model).where(*where).order_by(model.id).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(model.id > from_cursor(cursor, (int,))[0])
    if updated_since is None:
        statement = statement.where(
            model.archived_at.is_not(None) if archived else model.archived_at.is_(None)
        )
    else:
        statement = statement.where(model.updated_at >= updated_since)
    return page_from(db.scalars(statement).all(), limit, lambda row: (row.id,))


def all_of(db: Session, actor: Actor, model: type[Row]) -> list[Row]:
    """Every party in use by sort key and name: for choices on forms, not for long lists."""
    order: Any = (getattr(model, "sort_key", model.name), model.name)
    return list(db.scalars(_visible(actor, model).where(model.archived_at.is_(None)).order_by(*order)))


def visible_ids(db: Session, actor: Actor, model: type[Row], ids: set[int]) -> set[int]:
    """Which of these are the actor's to see."""
    if not ids:
        return set()
    return {row.id for row in db.scalars(_visible(actor, model).where(model.id.in_(ids)))}


def _visible(actor: Actor, model: type[Row]) -> Select[Row]:
    statement = select(model)
    if actor.is_hub:
        return statement
    scope: ColumnElement[bool] = false()
    if actor.role == "brand":
        scope = _of_brand(actor, model)
    elif actor.role == "agency":
        scope = _of_agency(actor, model)
    elif actor.role == "host" and model is Host:
        scope = model.id == actor.host_id
    return statement.where(scope)


def _of_brand(actor: Actor, model: type[Row]) -> ColumnElement[bool]:
    if model is Brand:
        return model.id == actor.brand_id
    if hasattr(model, "brand_id"):
        return cast("ColumnElement[bool]", cast(Any, model).brand_id == actor.brand_id)
    if hasattr(model, "brand_ids"):
        return cast("ColumnElement[bool]", cast(Any, model).brand_ids.contains([actor.brand_id]))
    return false()


def _of_agency(actor: Actor, model: type[Row]) -> ColumnElement[bool]:
    if model is Agency:
        return model.id == actor.agency_id
    if hasattr(model, "agency_ids"):
        return cast("ColumnElement[bool]", cast(Any, model).agency_ids.contains([actor.agency_id]))
    if model is Host:
        return model.id.in_(select(HostContract.host_id).where(HostContract.agency_id == actor.agency_id))
    return false()


def contracts_of(db: Session, actor: Actor, host_id: int) -> list[HostContract]:
    """The contracts of a host by their start; an agency sees its own alone."""
    get(db, actor, Host, host_id)
    statement = select(HostContract).where(HostContract.host_id == host_id)
    if actor.role == "agency":
        statement = statement.where(HostContract.agency_id == actor.agency_id)
    return list(db.scalars(statement.order_by(func.lower(HostContract.during))))


def aliases_of(db: Session, _actor: Actor, host_ids: list[int]) -> dict[int, list[str]]:
    """Host id → the other names it goes by, in order; the hub's alone to see."""
    found: dict[int, list[str]] = {host_id: [] for host_id in host_ids}
    statement = select(HostAlias.host_id, HostAlias.alias).where(HostAlias.host_id.in_(host_ids))
    for host_id, alias in db.execute(statement.order_by(HostAlias.alias)):
        found[host_id].append(alias)
    return found


def agencies_on(db: Session, actor: Actor, host_ids: list[int], at: datetime) -> dict[int, int]:
    """Host id → agency id by the contracts of that business day; hosts without one are left out."""
    day = at.astimezone(zone_of_hub(db, actor)).date()
    rows = db.execute(
        select(HostContract.host_id, HostContract.agency_id).where(
            HostContract.host_id.in_(host_ids), HostContract.during.contains(day)
        )
    )
    return {row.host_id: row.agency_id for row in rows}


def today(db: Session, actor: Actor) -> Any:
    """The calendar day in the hub's zone."""
    return clock.now(db).astimezone(zone_of_hub(db, actor)).date()
