"""Settling locked lines: decide where each counts and what it posts, and leave the difference for the fold.

The one place that turns merged states into rows; ingest, imports, re-attribution and assignment all end here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit.instants import business_day
from campaign.sales import images, merging
from campaign.sales.allocation import Allocation, allocate
from campaign.sales.attribution import UNATTRIBUTED, Airings, Placement
from campaign.sales.distinct import Sightings, seen_by
from campaign.sales.images import Owner, Postings
from campaign.sales.lines import Line, RefundView, line_of, refund_of
from campaign.sales.maturity import matures_at
from campaign.sales.onair import airings_for
from campaign.sales.rows import (
    LineColumns,
    LineKey,
    LineRow,
    add_lines,
    write_changes,
    write_lines,
    write_refunds,
)

DEFAULT_WINDOW = timedelta(days=7)


@dataclass(frozen=True)
class Settled:
    """What settling did: how many rows posted something else than before, and the sessions they count in."""

    changed: int
    sessions: frozenset[int]


def settle(
    db: Session, rows: Sequence[LineRow], *, now: datetime, refunds_changed: Iterable[tuple[int, str]] = ()
) -> Settled:
    """Place, post and write lines whose state, refunds or surroundings changed: all of them locked, or all new.

    refunds_changed names (shop_id, refund_id) of refunds in `rows` that must be written. Raises MadeMeanwhile, nothing
    written, where one that was new is not any more.
    """
    if not rows:
        return Settled(0, frozenset())
    zone = zone_of(db)
    written, differences = [], []
    recounted: Postings = {}
    sessions: set[int] = set()
    sightings = Sightings()
    for one in _decided(db, rows, zone):
        row, line, posted = one.row, one.line, one.posted
        change = images.difference(row.posted, posted)
        if change:
            differences.append(change)
            sessions.update(key.session_id for key in change if key.session_id)
        elif line.is_paid_sale and row.counted_as != (_order_of(row, line), line.buyer_hash):
            # No sum moves, and yet orders or buyers are others: whoever counts them must hear of it.
            recounted |= {key: {} for key in posted}
        order, buyer = row.counted_as
        sightings.move(
            seen_by(row.posted, order or row.line_id, buyer),
            seen_by(posted, _order_of(row, line), line.buyer_hash),
        )
        written.append(_columns(one, zone))
    if rows[0].is_new:
        add_lines(db, written, now)
    else:
        write_lines(db, written, now)
    write_refunds(db, list(_refund_columns(rows, frozenset(refunds_changed))), now)
    write_changes(db, recounted | _without_zeros(images.summed(differences)))
    sightings.leave(db)
    return Settled(len(differences), frozenset(sessions))


class _Decided(NamedTuple):
    """A line with what the rules say of it now."""

    row: LineRow
    line: Line
    allocation: Allocation
    placement: Placement
    owner: Owner
    mature: datetime | None
    posted: Postings


def _decided(db: Session, rows: Sequence[LineRow], zone: ZoneInfo) -> Iterable[_Decided]:
    lines = {row.key: line_of(row.state) for row in rows}
    catalogue = _Catalogue(db, rows, lines, zone)
    airings = airings_for(db, [(row, lines[row.key]) for row in rows])
    for row in rows:
        line = lines[row.key]
        views = [refund_of(refund_id, state) for refund_id, state in row.refunds.items()]
        allocation = allocate(line, views)
        placement = _place(airings, row, line)
        owner = catalogue.owner_of(row, line)
        mature = matures_at(line, allocation, catalogue.window_of(owner))
        posted = images.postings(line, allocation, placement, owner, mature, zone)
        yield _Decided(row, line, allocation, placement, owner, mature, posted)


def posted_anew(db: Session, rows: Sequence[LineRow]) -> dict[LineKey, Postings]:
    """What lines would post if they were settled now; nothing is written."""
    return {one.row.key: one.posted for one in _decided(db, rows, zone_of(db))}


def zone_of(db: Session) -> ZoneInfo:
    """The hub's zone: money's day is its calendar day."""
    return ZoneInfo(db.execute(text("SELECT timezone FROM hub")).scalar_one())


def _place(airings: Airings, row: LineRow, line: Line) -> Placement:
    if not line.known:
        return UNATTRIBUTED
    return airings.place(line, row.platform, row.shop_id, row.assigned_session_id)


def _order_of(row: LineRow, line: Line) -> str:
    """A line that names no order is one by itself."""
    return line.parent_order_id or row.line_id


def _without_zeros(postings: Postings) -> Postings:
    kept = {key: {name: n for name, n in amounts.items() if n} for key, amounts in postings.items()}
    return {key: amounts for key, amounts in kept.items() if amounts}


def _columns(one: _Decided, zone: ZoneInfo) -> LineColumns:
    row, line, allocation, placement, owner, mature, posted = one
    return LineColumns(
        row.shop_id,
        row.line_id,
        row.platform,
        line.known,
        msgspec.json.encode(merging.dump(row.state)).decode(),
        images.dump(posted),
        line.kind,
        line.status,
        _order_of(row, line),
        line.ordered_at,
        None if line.ordered_at is None else business_day(line.ordered_at, zone),
        line.paid_at,
        line.currency,
        line.qty,
        line.order_fen,
        line.paid_fen,
        allocation.refund_fen,
        line.merchant_sku,
        line.author_id,
        line.room_id,
        line.buyer_hash,
        placement.bucket,
        placement.rung,
        placement.provisional,
        placement.session_id,
        placement.host_id,
        placement.agency_id,
        owner.brand_id,
        owner.product_id,
        mature,
    )


def _refund_columns(
    rows: Sequence[LineRow], wanted: frozenset[tuple[int, str]]
) -> Iterable[Mapping[str, Any]]:
    for row in rows:
        for refund_id, state in row.refunds.items():
            if (row.shop_id, refund_id) in wanted:
                yield _refund_row(row, refund_of(refund_id, state), state)


def _refund_row(row: LineRow, view: RefundView, state: merging.State) -> dict[str, Any]:
    return {
        "shop_id": row.shop_id,
        "refund_id": view.refund_id,
        "line_id": row.line_id,
        "state": merging.dump(state),
        "kind": view.kind,
        "stage": view.stage,
        "status": view.status,
        "currency": view.currency,
        "amount_fen": view.amount_fen,
        "qty": view.qty,
        "reason": view.reason,
        "applied_at": view.applied_at,
        "succeeded_at": view.succeeded_at,
    }


_SHOPS = text("SELECT id, brand_id FROM shop WHERE id = ANY(:ids)")
_PRODUCTS = text(
    "SELECT p.id, p.brand_id, p.sku, (SELECT array_agg(f.until ORDER BY f.until) FROM product_past f"
    " WHERE f.product_id = p.id) AS until, (SELECT array_agg(f.brand_id ORDER BY f.until) FROM product_past f"
    " WHERE f.product_id = p.id) AS past FROM product p WHERE p.sku = ANY(:skus) ORDER BY p.id"
)
_WINDOWS = text("SELECT id, return_window_days FROM brand")


class _Product(NamedTuple):
    """past: (until, brand) by day, of whom it was before."""

    id: int
    brand_id: int
    past: tuple[tuple[date, int], ...]

    def brand_on(self, day: date | None) -> int:
        """Whose it was on a business day: the nearest `until` after it says."""
        if day is not None:
            for until, brand_id in self.past:
                if day < until:
                    return brand_id
        return self.brand_id


class _Catalogue:
    """Brands and products of a batch: a line's brand is its product's on that day, else its shop's, else none."""

    def __init__(
        self, db: Session, rows: Sequence[LineRow], lines: Mapping[Any, Line], zone: ZoneInfo
    ) -> None:
        shop_ids = sorted({row.shop_id for row in rows})
        skus = sorted({line.merchant_sku for line in lines.values() if line.merchant_sku})
        self._zone = zone
        self._brand_of_shop: dict[int, int | None] = {
            row.id: row.brand_id for row in db.execute(_SHOPS, {"ids": shop_ids})
        }
        self._products: dict[str, list[_Product]] = {}
        if skus:
            for row in db.execute(_PRODUCTS, {"skus": skus}):
                past = tuple(zip(row.until or (), row.past or (), strict=True))
                self._products.setdefault(row.sku, []).append(_Product(row.id, row.brand_id, past))
        self._windows = {row.id: timedelta(days=row.return_window_days) for row in db.execute(_WINDOWS)}

    def owner_of(self, row: LineRow, line: Line) -> Owner:
        """merchant_sku finds the product within the shop's brand, or hub-wide where it is unique.

        Two of one brand on one day (one changed hands, and its SKU was given again): the one that was there first.
        """
        brand_id = self._brand_of_shop.get(row.shop_id)
        found = self._products.get(line.merchant_sku or "", [])
        day = None if line.ordered_at is None else business_day(line.ordered_at, self._zone)
        own = [product for product in found if product.brand_on(day) == brand_id]
        if not own and len(found) == 1:
            own = found
        if own:
            return Owner(row.shop_id, own[0].brand_on(day), own[0].id)
        return Owner(row.shop_id, brand_id, None)

    def window_of(self, owner: Owner) -> timedelta:
        return self._windows.get(owner.brand_id or 0, DEFAULT_WINDOW)
