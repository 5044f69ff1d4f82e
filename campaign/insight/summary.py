"""The brand's summary and a session's sales: what was sold, what stayed, and how far the data goes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.afterwards import AfterFinal, after_final
from campaign.insight.against import Against, against_platform
from campaign.insight.audience import Audience, audience_of
from campaign.insight.figures import (
    Beneath,
    Completeness,
    Group,
    HostRow,
    Minute,
    ProductRow,
    Rung,
    SessionRow,
    Totals,
)
from campaign.insight.ladder import rungs_of
from campaign.insight.marks import Mark, marks_of
from campaign.insight.periods import Compared, Period, compared_days
from campaign.insight.tallies import Scope, minutes_of, scope_params, totals_by, walls
from campaign.kit import clock, ids
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.kit.instants import business_day, day_span
from campaign.live.handovers import HandoverView, handovers_of
from campaign.schedule.queries import get_session

FINE_DAYS = 2
"""Longer ranges show their curve by the hour."""


@dataclass(frozen=True)
class BrandSummary:
    """A brand's sales over business days, both in.

    now_at_age, before and year_before: over the days, and at the age, that `compared` says; all empty where it is
    None. By cash there is no age: money falls on the day it moved, and that day does not change.
    """

    brand_id: int
    first: date
    last: date
    basis: str
    age: int | None
    as_of: datetime
    totals: tuple[Totals, ...]
    before: tuple[Totals, ...]
    year_before: tuple[Totals, ...]
    now_at_age: tuple[Totals, ...]
    compared: Compared | None
    days: tuple[Group, ...]
    minutes: tuple[Minute, ...]
    minute_step: int
    products: tuple[ProductRow, ...]
    sessions: tuple[SessionRow, ...]
    hosts: tuple[HostRow, ...]
    beneath: tuple[Beneath, ...]
    complete: tuple[Completeness, ...]

    @property
    def complete_through(self) -> datetime | None:
        """The shop that is furthest behind decides; None where one has sent nothing yet."""
        return _least(self.complete)


@dataclass(frozen=True)
class SessionSales:
    """One session's sales, over all its days.

    revision: 0 until its figures were final; past 1, something came back or changed after they had been. None to a
    brand of a mixed show: it may be about another's sales. after_final: what did, of what the reader may see.
    """

    session_id: int
    revision: int | None
    after_final: AfterFinal | None
    as_of: datetime
    totals: tuple[Totals, ...]
    minutes: tuple[Minute, ...]
    marks: tuple[Mark, ...]
    handovers: tuple[HandoverView, ...]
    audience: Audience | None
    against: Against | None
    products: tuple[ProductRow, ...]
    hosts: tuple[HostRow, ...]
    rungs: tuple[Rung, ...]
    complete: tuple[Completeness, ...]

    @property
    def complete_through(self) -> datetime | None:
        return _least(self.complete)


def brand_summary(
    db: Session,
    actor: Actor,
    brand_id: int,
    first: date,
    last: date,
    *,
    basis: str = "cohort",
    age: int | None = None,
    compare_age: int | None = None,
) -> BrandSummary:
    """Everything the brand's page shows. Raises NotFound where the brand is not there or not the actor's.

    compare_age: the age at which periods are compared, where this one has reached it.
    """
    check_brand(db, actor, brand_id)
    zone = zone_of(db)
    scope = Scope(brand_id=brand_id, first=first, last=last, basis=basis, age=age)
    as_of = clock.now(db)
    aged = basis == "cohort"
    compared = compared_days(first, last, business_day(as_of, zone), compare_age, aged=aged)
    step = 1 if (last - first).days < FINE_DAYS else 60

    def told(days: Period | None) -> tuple[Totals, ...]:
        if compared is None or days is None:
            return ()
        of = replace(scope, first=days[0], last=days[1], age=compared.age)
        return whole(totals_by(db, actor, of))

    return BrandSummary(
        brand_id=brand_id,
        first=first,
        last=last,
        basis=basis,
        age=age,
        as_of=as_of,
        totals=whole(totals_by(db, actor, scope)),
        before=told(compared.before if compared else None),
        year_before=told(compared.year_before if compared else None),
        now_at_age=told(compared.now if compared else None),
        compared=compared,
        days=tuple(groups_of(db, actor, scope, "day")),
        minutes=_minutes(
            minutes_of(
                db,
                actor,
                brand_id=brand_id,
                span=(day_span(first, zone)[0], day_span(last, zone)[1]),
                step_minutes=step,
            )
        ),
        minute_step=step,
        products=named_products(db, totals_by(db, actor, scope, "product")),
        sessions=_sessions(db, totals_by(db, actor, scope, "session")),
        hosts=_hosts(db, totals_by(db, actor, scope, "host")),
        beneath=beneath(db, actor, scope),
        complete=_complete(db, "s.brand_id = :brand_id", {"brand_id": brand_id}),
    )


def grouped(
    db: Session,
    actor: Actor,
    brand_id: int,
    first: date,
    last: date,
    group_by: str,
    *,
    basis: str = "cohort",
    age: int | None = None,
) -> list[Group]:
    """The brand's totals by day, session, host, product, platform, shop or campaign. Raises NotFound."""
    check_brand(db, actor, brand_id)
    return groups_of(
        db, actor, Scope(brand_id=brand_id, first=first, last=last, basis=basis, age=age), group_by
    )


def groups_of(db: Session, actor: Actor, scope: Scope, group_by: str) -> list[Group]:
    """The totals of a scope by key of the dimension: days in their order, the others by what was paid.

    Where there are several currencies, by the first of them in which a group sold.
    """
    found = totals_by(db, actor, scope, group_by)
    if group_by in ("day", "platform"):
        return [Group(key, key, key, tuple(totals)) for key, totals in sorted(found.items())]
    labels = named_keys(db, group_by, found)
    return [
        Group(*labels[key], totals=tuple(totals))
        for key, totals in sorted(found.items(), key=_by_first_currency)
    ]


def named_keys(db: Session, group_by: str, keys: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """Keys of rollups → (key as summaries write it, label, label_en); "" stands for none."""
    wanted = list(keys)
    if group_by in ("day", "platform"):
        return {key: (key, key, key) for key in wanted}
    prefix, names = _NAMES_OF[group_by]
    named = _named(db, names, wanted)
    return {
        key: ("" if key == "0" else ids.public(prefix, int(key)), *named.get(int(key), ("", "")))
        for key in wanted
    }


def session_sales(db: Session, actor: Actor, session_id: int) -> SessionSales:
    """One session's sales, as much of it as the actor may see. Raises NotFound."""
    session = get_session(db, actor, session_id)
    scope = Scope(session_id=session_id)
    totals = whole(totals_by(db, actor, scope))
    audience = audience_of(db, actor, session_id, totals)
    return SessionSales(
        session_id=session_id,
        revision=None if session.other_brands else _revision(db, session_id),
        after_final=after_final(db, actor, session_id),
        as_of=clock.now(db),
        totals=totals,
        minutes=_minutes(minutes_of(db, actor, session_id=session_id)),
        marks=marks_of(db, actor, session_id),
        handovers=tuple(one for one in handovers_of(db, actor, session_id) if one.stands),
        audience=audience,
        against=against_platform(db, actor, session_id, totals, audience),
        products=named_products(db, totals_by(db, actor, scope, "product")),
        hosts=_hosts(db, totals_by(db, actor, scope, "host")),
        rungs=rungs_of(db, actor, session_id),
        complete=_complete(
            db,
            "s.id IN (SELECT shop_id FROM sales_day WHERE session_id = :id) OR s.brand_id IN"
            " (SELECT unnest(brand_ids) FROM live_session WHERE id = :id)",
            {"id": session_id},
        ),
    )


def whole(found: Mapping[str, Sequence[Totals]]) -> tuple[Totals, ...]:
    """Totals of the dimension "none"; noughts in CNY where nothing was sold."""
    return tuple(found.get("", ())) or (Totals("CNY"),)


def beneath(db: Session, actor: Actor, scope: Scope) -> tuple[Beneath, ...]:
    """What was paid outside any session, by currency: on the basis, and at the age, of what stands above it."""
    where = [*walls(actor, "r"), "r.bucket <> 'live'", "r.basis = :basis"]
    if scope.brand_id is not None:
        where.append("r.brand_id = :brand_id")
    if scope.first is not None:
        where.append("r.day BETWEEN :first AND :last")
    if scope.age is not None:
        where.append("r.age_days <= :age")
    sql = (
        "SELECT r.currency,"
        + ",".join(
            f" coalesce(sum(r.{column}) FILTER (WHERE r.bucket = '{bucket}'), 0)::bigint AS {bucket}_{name}"
            for bucket in ("unattributed", "outside_live")
            for column, name in (("paid_fen", "fen"), ("lines", "lines"))
        )
        + f" FROM sales_day r WHERE {' AND '.join(where)} GROUP BY 1 ORDER BY 1"
    )
    return tuple(Beneath(**row) for row in db.execute(text(sql), scope_params(actor, scope)).mappings())


def complete_through(db: Session, brand_id: int | None) -> datetime | None:
    """How far the data of a brand, or of all, goes; None where a shop has sent nothing yet."""
    where = "s.brand_id IS NOT NULL" if brand_id is None else "s.brand_id = :brand_id"
    return _least(_complete(db, where, {"brand_id": brand_id}))


def zone_of(db: Session) -> ZoneInfo:
    """The hub's zone."""
    return ZoneInfo(db.execute(text("SELECT timezone FROM hub")).scalar_one())


def check_brand(db: Session, actor: Actor, brand_id: int) -> None:
    """Raises NotFound where the brand is not there or not the actor's."""
    mine = actor.is_hub or (actor.role == "brand" and actor.brand_id == brand_id)
    found = db.execute(text("SELECT 1 FROM brand WHERE id = :id"), {"id": brand_id}).one_or_none()
    if not mine or found is None:
        raise NotFound


_NAMES_OF = {
    # With its start: shows of one name follow each other day by day.
    "session": (
        "ses",
        (
            "SELECT id, name, name AS name_en FROM (SELECT s.id, s.title || to_char(coalesce(s.actual_starts_at,"
            " s.starts_at) AT TIME ZONE hub.timezone, ' MM-DD HH24:MI') AS name FROM live_session s, hub) named"
            " WHERE id = ANY(:ids)"
        ),
    ),
    "host": ("hst", "SELECT id, name, name_en FROM host WHERE id = ANY(:ids)"),
    "product": ("prd", "SELECT id, name, name_en FROM product WHERE id = ANY(:ids)"),
    "shop": ("shp", "SELECT id, name, name AS name_en FROM shop WHERE id = ANY(:ids)"),
    "campaign": ("cmp", "SELECT id, name, name_en FROM campaign WHERE id = ANY(:ids)"),
}


PREFIXES = {dimension: prefix for dimension, (prefix, _) in _NAMES_OF.items()}
"""Of the ids by which groups are named."""


def _named(db: Session, sql: str, found: Iterable[str]) -> dict[int, tuple[str, str]]:
    wanted = [int(key) for key in found if key != "0"]
    return {row.id: (row.name, row.name_en) for row in db.execute(text(sql), {"ids": wanted})}


def _by_first_currency(one: tuple[str, Sequence[Totals]]) -> tuple[str, int]:
    return one[1][0].currency, -one[1][0].paid_gmv_fen


def _rows(found: Mapping[str, Sequence[Totals]]) -> list[tuple[int, Totals]]:
    """(id or 0, totals), each currency by itself, by paid money, the most first."""
    flat = [(int(key), totals) for key, each in found.items() for totals in each]
    return sorted(flat, key=lambda row: (row[1].currency, -row[1].paid_gmv_fen, row[0]))


def named_products(db: Session, found: Mapping[str, Sequence[Totals]]) -> tuple[ProductRow, ...]:
    """Totals by product id as rows with names: each currency by itself, the most paid first."""
    sql = text("SELECT id, sku, name, name_en FROM product WHERE id = ANY(:ids)")
    known = {row.id: row for row in db.execute(sql, {"ids": [int(key) for key in found]})}
    return tuple(
        ProductRow(key, known[key].sku, known[key].name, known[key].name_en, totals)
        if key in known
        else ProductRow(None, "", "", "", totals)
        for key, totals in _rows(found)
    )


def _hosts(db: Session, found: Mapping[str, Sequence[Totals]]) -> tuple[HostRow, ...]:
    known = _named(db, _NAMES_OF["host"][1], found)
    return tuple(
        HostRow(key or None, *known.get(key, ("", "")), totals=totals) for key, totals in _rows(found)
    )


def _sessions(db: Session, found: Mapping[str, Sequence[Totals]]) -> tuple[SessionRow, ...]:
    sql = text(
        "SELECT id, title, state, coalesce(actual_starts_at, starts_at) AS starts_at,"
        " coalesce(actual_ends_at, ends_at) AS ends_at FROM live_session WHERE id = ANY(:ids)"
    )
    known = {row.id: row for row in db.execute(sql, {"ids": [int(key) for key in found]})}
    rows = [
        SessionRow(key, known[key].title, known[key].state, known[key].starts_at, known[key].ends_at, totals)
        for key, totals in _rows(found)
        if key in known
    ]
    return tuple(sorted(rows, key=lambda row: (row.starts_at, row.session_id), reverse=True))


def _minutes(rows: Sequence[Mapping[str, Any]]) -> tuple[Minute, ...]:
    return tuple(Minute(**row) for row in rows if row["lines"] or row["paid_gmv_fen"] or row["refund_fen"])


def _revision(db: Session, session_id: int) -> int:
    sql = text("SELECT revision FROM session_sales WHERE session_id = :id")
    return db.execute(sql, {"id": session_id}).scalar_one_or_none() or 0


def _complete(db: Session, where: str, params: Mapping[str, Any]) -> tuple[Completeness, ...]:
    sql = (
        "SELECT s.id AS shop_id, s.name AS shop_name, s.platform, p.complete_through FROM shop s"
        f" LEFT JOIN shop_progress p ON p.shop_id = s.id WHERE ({where}) AND s.archived_at IS NULL"
        " ORDER BY s.name, s.id"
    )
    return tuple(Completeness(**row) for row in db.execute(text(sql), params).mappings())


def _least(complete: Sequence[Completeness]) -> datetime | None:
    moments = [shop.complete_through for shop in complete]
    known = [moment for moment in moments if moment is not None]
    return min(known) if known and len(known) == len(moments) else None
