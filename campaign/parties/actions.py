"""Making, changing and archiving parties."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit import clock, pinyin
from campaign.kit.actor import Actor
from campaign.kit.errors import Conflict, FieldError, Invalid, Stale
from campaign.parties import queries
from campaign.parties.models import Agency, Host, HostAlias, HostContract, Party
from campaign.parties.schemas import ContractIn, HostIn

Row = TypeVar("Row", bound=Party)


class AlreadyThere(Conflict):
    code = "already_there"


def sort_key(name: str) -> str:
    """Pinyin in lower case: the embedded PostgreSQL has no ICU to sort Chinese by."""
    return " ".join(pinyin.spelling(name))


def add(db: Session, actor: Actor, row: Row) -> Row:
    """Keep a new party. Raises AlreadyThere where its identity is taken, Conflict for unknown references."""
    if hasattr(row, "sort_key"):
        row.sort_key = sort_key(row.name)
    now = clock.now(db)
    row.created_at, row.updated_at, row.rev = now, now, 1
    db.add(row)
    _flush(db)
    audit.note(db, actor, f"{row.__tablename__}.created", row.__tablename__, row.id, {"name": row.name})
    return row


def add_host(db: Session, actor: Actor, given: HostIn) -> Host:
    """A host; with an agency, signed by a contract from today on."""
    kind = given.kind or ("signed" if given.agency_id is not None else "independent")
    if given.agency_id is not None:
        if kind != "signed":
            raise Invalid([FieldError("kind", "signed_by_agency")])
        queries.get(db, actor, Agency, given.agency_id)
    host = add(db, actor, Host(name=given.name, name_en=given.name_en, kind=kind))
    if given.agency_id is not None:
        during = Range(queries.today(db, actor), None)
        db.add(HostContract(host_id=host.id, agency_id=given.agency_id, during=during))
        db.flush()
    return host


def change(
    db: Session, actor: Actor, row: Row, changes: dict[str, Any], *, expected_rev: int | None = None
) -> Row:
    """Change given fields. Raises Stale when `expected_rev` is not the row's."""
    _expect(row, expected_rev)
    for name, value in changes.items():
        setattr(row, name, value)
    if "name" in changes and hasattr(row, "sort_key"):
        row.sort_key = sort_key(row.name)
    row.rev += 1
    row.updated_at = clock.now(db)
    _flush(db)
    audit.note(
        db, actor, f"{row.__tablename__}.changed", row.__tablename__, row.id, {"fields": sorted(changes)}
    )
    return row


def archive(db: Session, actor: Actor, row: Party, *, expected_rev: int | None = None) -> None:
    """Take a party out of use; its past stays. Archiving twice changes nothing."""
    _expect(row, expected_rev)
    if row.archived_at is not None:
        return
    row.archived_at = row.updated_at = clock.now(db)
    row.rev += 1
    db.flush()
    audit.note(db, actor, f"{row.__tablename__}.archived", row.__tablename__, row.id, {})


def restore(db: Session, actor: Actor, row: Party, *, expected_rev: int | None = None) -> None:
    """Take an archived party into use again. Raises AlreadyThere where another has taken its identity meanwhile."""
    _expect(row, expected_rev)
    if row.archived_at is None:
        return
    row.archived_at, row.updated_at = None, clock.now(db)
    row.rev += 1
    _flush(db)
    audit.note(db, actor, f"{row.__tablename__}.restored", row.__tablename__, row.id, {})


def set_contracts(
    db: Session,
    actor: Actor,
    host: Host,
    contracts: Sequence[ContractIn],
    *,
    expected_rev: int | None = None,
) -> None:
    """Replace a host's contracts. Raises Stale, Invalid where two overlap or one ends before it starts."""
    _expect(host, expected_rev)
    spans: list[tuple[date, date]] = []
    for at, given in enumerate(contracts):
        ends_on = given.ends_on or date.max
        if ends_on <= given.starts_on:
            raise Invalid([FieldError(f"items.{at}.ends_on", "ends_before_start")])
        if any(given.starts_on < end and start < ends_on for start, end in spans):
            raise Invalid([FieldError(f"items.{at}", "contracts_overlap")])
        spans.append((given.starts_on, ends_on))
        queries.get(db, actor, Agency, given.agency_id)
    db.execute(delete(HostContract).where(HostContract.host_id == host.id))
    for given in contracts:
        db.add(
            HostContract(
                host_id=host.id,
                agency_id=given.agency_id,
                during=Range(given.starts_on, given.ends_on),
                exclusive=given.exclusive,
            )
        )
    change(db, actor, host, {"kind": "signed"} if contracts else {})


def set_aliases(
    db: Session, actor: Actor, host: Host, aliases: list[str], *, expected_rev: int | None = None
) -> None:
    """Replace the other names a host goes by. Raises Stale, Conflict where another host in use is called so."""
    _expect(host, expected_rev)
    wanted = [alias for alias in dict.fromkeys(aliases) if alias != host.name]
    others = select(Host.id).where(Host.id != host.id, Host.archived_at.is_(None))
    called = select(HostAlias.alias).where(HostAlias.alias.in_(wanted), HostAlias.host_id.in_(others))
    named = select(Host.name).where(Host.name.in_(wanted), Host.id.in_(others))
    taken = db.scalar(called.union(named).limit(1))
    if taken is not None:
        raise Conflict("alias_taken", name=taken)
    db.execute(delete(HostAlias).where(HostAlias.host_id == host.id))
    db.add_all(HostAlias(host_id=host.id, alias=alias) for alias in wanted)
    change(db, actor, host, {})


def _expect(row: Party, expected_rev: int | None) -> None:
    if expected_rev is not None and expected_rev != row.rev:
        raise Stale


def _flush(db: Session) -> None:
    try:
        with db.begin_nested():
            db.flush()
    except IntegrityError as error:
        diag = getattr(error.orig, "diag", None)
        if getattr(diag, "sqlstate", "") == "23503":
            raise Conflict("unknown_reference") from error
        if getattr(diag, "constraint_name", "") == "resource_keeps_promises":
            raise Conflict("pool_promised") from error
        raise AlreadyThere from error
