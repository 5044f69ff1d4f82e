"""Promises between hosts and brands, and which brands compete. The hub's alone."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, Stale
from campaign.parties.actions import change
from campaign.parties.models import Brand, Host, HostExclusivity, RivalGroup
from campaign.parties.queries import get
from campaign.parties.schemas import ExclusivityIn, RivalGroupIn


def exclusivities_of(db: Session, actor: Actor, host_id: int) -> list[HostExclusivity]:
    """To whom a host is promised, by start. Raises NotFound."""
    get(db, actor, Host, host_id)
    rows = select(HostExclusivity).where(HostExclusivity.host_id == host_id)
    return list(db.scalars(rows.order_by(func.lower(HostExclusivity.during), HostExclusivity.id)))


def set_exclusivities(
    db: Session,
    actor: Actor,
    host_id: int,
    given: Sequence[ExclusivityIn],
    *,
    expected_rev: int | None = None,
) -> None:
    """Replace a host's promises. `expected_rev` is the host's.

    Raises Stale, Invalid where one ends before it starts or two to one brand overlap.
    """
    host = get(db, actor, Host, host_id)
    if expected_rev is not None and expected_rev != host.rev:
        raise Stale
    spans: list[tuple[int, date, date]] = []
    for at, one in enumerate(given):
        ends_on = one.ends_on or date.max
        if ends_on <= one.starts_on:
            raise Invalid([FieldError(f"items.{at}.ends_on", "ends_before_start")])
        if any(
            one.brand_id == brand and one.starts_on < end and start < ends_on for brand, start, end in spans
        ):
            raise Invalid([FieldError(f"items.{at}", "windows_overlap")])
        spans.append((one.brand_id, one.starts_on, ends_on))
        _known(db, [one.brand_id], f"items.{at}.brand_id")
    db.execute(delete(HostExclusivity).where(HostExclusivity.host_id == host.id))
    for one in given:
        during = Range(one.starts_on, one.ends_on)
        db.add(HostExclusivity(host_id=host.id, brand_id=one.brand_id, scope=one.scope, during=during))
    change(db, actor, host, {})
    audit.note(db, actor, "host.promised", "host", host.id, {"brands": [one.brand_id for one in given]})


def rival_groups(db: Session, actor: Actor) -> dict[str, list[int]]:
    """Groups of brands that compete: name → brand ids."""
    found: dict[str, list[int]] = {}
    for row in db.scalars(select(RivalGroup).order_by(RivalGroup.name, RivalGroup.brand_id)):
        found.setdefault(row.name, []).append(row.brand_id)
    return found


def set_rival_groups(db: Session, actor: Actor, given: Sequence[RivalGroupIn]) -> None:
    """Replace all groups. Raises Invalid for a name or a brand that is there twice, or unknown."""
    names: set[str] = set()
    for at, group in enumerate(given):
        if group.name in names:
            raise Invalid([FieldError(f"items.{at}.name", "twice")])
        if len(set(group.brand_ids)) < len(group.brand_ids):
            raise Invalid([FieldError(f"items.{at}.brand_ids", "twice")])
        names.add(group.name)
        _known(db, group.brand_ids, f"items.{at}.brand_ids")
    db.execute(delete(RivalGroup))
    db.add_all(RivalGroup(name=group.name, brand_id=one) for group in given for one in group.brand_ids)
    db.flush()
    audit.note(db, actor, "brands.grouped", "hub", 1, {"groups": sorted(names)})


def _known(db: Session, brand_ids: Sequence[int], field: str) -> None:
    found = set(db.scalars(select(Brand.id).where(Brand.id.in_(brand_ids), Brand.archived_at.is_(None))))
    if not found >= set(brand_ids):
        raise Invalid([FieldError(field, "unknown_id")])


def join_group(db: Session, actor: Actor, name: str, brand_id: int) -> None:
    """Put a brand into a group; a new name makes a new group. Once is enough."""
    _known(db, [brand_id], "brand_id")
    db.execute(insert(RivalGroup).values(name=name, brand_id=brand_id).on_conflict_do_nothing())
    audit.note(db, actor, "brands.grouped", "brand", brand_id, {"group": name})


def leave_group(db: Session, actor: Actor, name: str, brand_id: int) -> None:
    """Take a brand out of a group; out of it already is no fault."""
    db.execute(delete(RivalGroup).where(RivalGroup.name == name, RivalGroup.brand_id == brand_id))
    audit.note(db, actor, "brands.ungrouped", "brand", brand_id, {"group": name})
