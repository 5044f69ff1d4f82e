"""Closed months: the figures as they stood, and what has changed since told apart from them."""

import json
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.audit.actions import note
from campaign.insight.figures import Totals
from campaign.insight.summary import check_brand, zone_of
from campaign.insight.tallies import COMPARED, NAMES, Scope, totals_together
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import Conflict, FieldError, Invalid, NotFound
from campaign.kit.instants import business_day
from campaign.kit.paging import Page, from_cursor, page_from

BASES = ("cohort", "cash")
_KEPT = (*NAMES, "orders", "buyers", "maturing_fen")


@dataclass(frozen=True)
class Adjusted:
    """One currency on one basis: as it was closed, as it is, and the difference of what adds."""

    currency: str
    frozen: Totals
    current: Totals

    @property
    def paid_fen(self) -> int:
        """Frozen + this = current; so for the others."""
        return self.current.paid_gmv_fen - self.frozen.paid_gmv_fen

    @property
    def refund_fen(self) -> int:
        return self.current.refund_fen - self.frozen.refund_fen

    @property
    def net_fen(self) -> int:
        return self.current.net_gmv_fen - self.frozen.net_gmv_fen

    @property
    def is_changed(self) -> bool:
        """Whether any figure that adds has moved."""
        return any(getattr(self.current, name) != getattr(self.frozen, name) for name in COMPARED)


@dataclass(frozen=True)
class FrozenMonth:
    """A closed month: in all and by day, per basis; days only where something has changed since."""

    month: date
    frozen_by: str
    frozen_at: datetime
    whole: Mapping[str, tuple[Adjusted, ...]]
    days: Mapping[str, tuple[tuple[date, Adjusted], ...]]


class MonthClosed(Conflict):
    """The month was closed before; its figures stay as they were then."""

    code = "month_closed"


def freeze(db: Session, actor: Actor, brand_id: int, month: date) -> None:
    """Keep the month's figures as they are now. Raises NotFound, Invalid before it is over, MonthClosed."""
    check_brand(db, actor, brand_id)
    first, last = span_of(month)
    if last >= business_day(clock.now(db), zone_of(db)):
        raise Invalid([FieldError("month", "month_not_over")])
    figures = {
        basis: {
            by: {key: [_kept(one) for one in totals] for key, totals in found.items()}
            for by, found in whole_and_days.items()
        }
        for basis, whole_and_days in _read(db, actor, brand_id, first, last).items()
    }
    sql = (
        "INSERT INTO month_freeze (brand_id, month, figures, frozen_by, frozen_at) VALUES (:brand_id, :month,"
        " CAST(:figures AS jsonb), :by, :now) ON CONFLICT (brand_id, month) DO NOTHING RETURNING id"
    )
    params = {"brand_id": brand_id, "month": first, "figures": json.dumps(figures), "by": actor.name}
    made = db.execute(text(sql), params | {"now": clock.now(db)}).scalar_one_or_none()
    if made is None:
        raise MonthClosed(month=first.isoformat())
    note(db, actor, "month.frozen", "month_freeze", made, {"brand_id": brand_id, "month": first.isoformat()})


def span_of(month: date) -> tuple[date, date]:
    """The first and the last day of the month that a day lies in."""
    return month.replace(day=1), month.replace(day=monthrange(month.year, month.month)[1])


def page_of_months(
    db: Session,
    actor: Actor,
    brand_id: int,
    *,
    limit: int = 24,
    cursor: str | None = None,
    since: datetime | None = None,
) -> Page[FrozenMonth]:
    """A brand's closed months, the latest first, each against its figures of now. Raises NotFound.

    since: those alone that were closed at that instant or after it.
    """
    check_brand(db, actor, brand_id)
    before = from_cursor(cursor, (int,))[0] if cursor else date.max.toordinal()
    sql = (
        "SELECT month, figures, frozen_by, frozen_at FROM month_freeze WHERE brand_id = :brand_id"
        " AND month - DATE '0001-01-01' + 1 < :before"
        " AND (CAST(:since AS timestamptz) IS NULL OR frozen_at >= :since) ORDER BY month DESC LIMIT :limit"
    )
    params = {"brand_id": brand_id, "before": before, "since": since, "limit": limit + 1}
    found = db.execute(text(sql), params).all()
    page = page_from(found, limit, lambda row: [row.month.toordinal()])
    return Page([_against(db, actor, brand_id, row) for row in page.items], page.next_cursor)


def frozen_month(db: Session, actor: Actor, brand_id: int, month: date) -> FrozenMonth:
    """One closed month. Raises NotFound where it is not closed."""
    check_brand(db, actor, brand_id)
    sql = (
        "SELECT month, figures, frozen_by, frozen_at FROM month_freeze"
        " WHERE brand_id = :brand_id AND month = :month"
    )
    row = db.execute(text(sql), {"brand_id": brand_id, "month": span_of(month)[0]}).one_or_none()
    if row is None:
        raise NotFound
    return _against(db, actor, brand_id, row)


@dataclass(frozen=True)
class Change:
    """What has changed in one currency since a month was closed, of the days looked at: current less frozen."""

    currency: str
    paid_fen: int
    refund_fen: int
    net_fen: int


@dataclass(frozen=True)
class ClosedMonth:
    """A closed month as far as a range has it, first to last; changes: none where all is as it was closed."""

    month: date
    frozen_by: str
    frozen_at: datetime
    first: date
    last: date
    changes: tuple[Change, ...]

    @property
    def is_whole(self) -> bool:
        return (self.first, self.last) == span_of(self.month)


def closing_of(
    db: Session, actor: Actor, brand_id: int, first: date, last: date, *, basis: str = "cohort"
) -> tuple[ClosedMonth, ...]:
    """Which months of a range are closed, and what has changed of the range's days since. Raises NotFound."""
    check_brand(db, actor, brand_id)
    sql = (
        "SELECT month, figures, frozen_by, frozen_at FROM month_freeze WHERE brand_id = :brand_id"
        " AND month BETWEEN :first AND :last ORDER BY month"
    )
    rows = db.execute(text(sql), {"brand_id": brand_id, "first": first.replace(day=1), "last": last}).all()
    if not rows:
        return ()
    spans = [(max(first, span_of(row.month)[0]), min(last, span_of(row.month)[1])) for row in rows]
    scopes = [(Scope(brand_id=brand_id, first=a, last=b, basis=basis), "day") for a, b in spans]
    read = totals_together(db, actor, scopes)
    return tuple(
        ClosedMonth(
            row.month,
            row.frozen_by,
            row.frozen_at,
            *span,
            _changes(
                {
                    day: one
                    for day, one in row.figures[basis]["day"].items()
                    if span[0] <= date.fromisoformat(day) <= span[1]
                },
                now,
            ),
        )
        for row, span, now in zip(rows, spans, read, strict=True)
    )


def changed_since(closed: Sequence[ClosedMonth]) -> dict[str, Change]:
    """By currency what has changed in all of them together."""
    found: dict[str, Change] = {}
    for one in (change for month in closed for change in month.changes):
        before = found.get(one.currency, Change(one.currency, 0, 0, 0))
        found[one.currency] = Change(
            one.currency,
            before.paid_fen + one.paid_fen,
            before.refund_fen + one.refund_fen,
            before.net_fen + one.net_fen,
        )
    return found


def _changes(
    kept: Mapping[str, Sequence[Mapping[str, Any]]], now: Mapping[str, Sequence[Totals]]
) -> tuple[Change, ...]:
    """Day by day, for days add up to the range; a currency of which no figure moved is left out."""
    moved = [
        one
        for day in sorted({*kept, *now})
        for one in _pairs(kept.get(day, ()), now.get(day, ()))
        if one.is_changed
    ]
    return tuple(
        Change(
            currency,
            sum(one.paid_fen for one in moved if one.currency == currency),
            sum(one.refund_fen for one in moved if one.currency == currency),
            sum(one.net_fen for one in moved if one.currency == currency),
        )
        for currency in sorted({one.currency for one in moved})
    )


def _against(db: Session, actor: Actor, brand_id: int, row: Any) -> FrozenMonth:
    first, last = span_of(row.month)
    whole: dict[str, tuple[Adjusted, ...]] = {}
    days: dict[str, tuple[tuple[date, Adjusted], ...]] = {}
    for basis, found in _read(db, actor, brand_id, first, last).items():
        kept, now = row.figures[basis], found["day"]
        whole[basis] = _pairs(kept["none"].get("", ()), found["none"].get("", ()))
        pairs = [
            (date.fromisoformat(day), one)
            for day in sorted({*kept["day"], *now})
            for one in _pairs(kept["day"].get(day, ()), now.get(day, ()))
        ]
        days[basis] = tuple(pair for pair in pairs if pair[1].is_changed)
    return FrozenMonth(row.month, row.frozen_by, row.frozen_at, whole, days)


def _read(
    db: Session, actor: Actor, brand_id: int, first: date, last: date
) -> dict[str, dict[str, dict[str, list[Totals]]]]:
    """Per basis the whole and the days, as of one moment: what is folded meanwhile cannot part them."""
    asked = [(basis, by) for basis in BASES for by in ("none", "day")]
    scopes = [(Scope(brand_id=brand_id, first=first, last=last, basis=basis), by) for basis, by in asked]
    read: dict[str, dict[str, dict[str, list[Totals]]]] = {basis: {} for basis in BASES}
    for (basis, by), found in zip(asked, totals_together(db, actor, scopes), strict=True):
        read[basis][by] = found
    return read


def _pairs(kept: Sequence[Mapping[str, Any]], now: Sequence[Totals]) -> tuple[Adjusted, ...]:
    """By currency; what stood on one side alone is nought on the other."""
    then = {one["currency"]: Totals(**one) for one in kept}
    current = {one.currency: one for one in now}
    return tuple(
        Adjusted(currency, then.get(currency, Totals(currency)), current.get(currency, Totals(currency)))
        for currency in sorted({*then, *current})
    )


def _kept(one: Totals) -> dict[str, Any]:
    return {"currency": one.currency, "rated": one.rated} | {name: getattr(one, name) for name in _KEPT}
