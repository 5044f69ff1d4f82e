"""What one line contributes to every rollup: its postings. A change is the difference of two. Pure.

A line's last postings are kept with it, so the differences always telescope: whatever rule, price or schedule
changed in between, the rollups equal the sum of the postings of all lines.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from campaign.kit.instants import business_day
from campaign.sales.allocation import Allocation, Piece
from campaign.sales.attribution import Placement
from campaign.sales.lines import Line

MEASURES = (
    "placed_fen",
    "paid_fen",
    "merchant_fen",
    "deposit_fen",
    "refund_pre_ship_fen",
    "refund_post_ship_fen",
    "refund_post_receipt_fen",
    "returned_fen",
    "protection_fen",
    "compensation_fen",
    "disputed_fen",
    "lines",
    "units",
    "refunded_lines",
    "refunded_units",
    "counted_lines",
    "maturing_fen",
    "uncancelled_fen",
)
"""Additive figures. refund_* are the stages and add up to the refunds; returned_fen (goods came back), protection_fen
and uncancelled_fen (given back before shipping, and nothing was cancelled: price protection, the difference of an
exchange) are parts of them shown apart; maturing_fen is the net of a line, posted under matures_at."""

NET = ("counted_lines", "maturing_fen")
FIGURES = tuple(name for name in MEASURES if name not in NET)
"""What is sold and comes back, without what matures when."""

UNCANCELLED = ("price_protection", "exchange")
"""Kinds of refund that take no line."""

OLDEST_AGE = 60
NOT_MATURING = datetime(1970, 1, 1, tzinfo=UTC)


class Key(NamedTuple):
    """Where a posting lands. Ids are 0 for none (no session, no brand, shared), so that keys compare.

    cohort_day is the order's business day, cash_day that of the payment or refund, age_days between them.
    matures_at is set on the posting of the line's net alone, rounded up to the hour to keep the rollup small.
    """

    bucket: str
    session_id: int
    shop_id: int
    brand_id: int
    product_id: int
    host_id: int
    agency_id: int
    currency: str
    minute: datetime
    cohort_day: date
    cash_day: date
    age_days: int
    matures_at: datetime


Amounts = dict[str, int]
Postings = dict[Key, Amounts]


class Owner(NamedTuple):
    """Whose line it is: its shop, and brand and product where they were found."""

    shop_id: int
    brand_id: int | None
    product_id: int | None


def postings(
    line: Line,
    allocation: Allocation,
    placement: Placement,
    owner: Owner,
    matures_at: datetime | None,
    zone: ZoneInfo,
) -> Postings:
    """All that the line adds to the rollups, no zero among it; nothing while it is unknown or of a kind that does not
    count.
    """
    if line.ordered_at is None or not (line.counts or line.is_deposit):
        return {}
    made = _Poster(line.ordered_at, placement, owner, line.currency, zone)
    if line.is_deposit:
        if line.paid_at is not None:
            made.post(line.paid_at, {"deposit_fen": line.told_paid_fen})
        return made.postings
    # A deposit is paid with the order and stays in its column, whether the balance follows or it is forfeited.
    made.post(line.ordered_at, {"placed_fen": line.order_fen, "deposit_fen": line.deposit_fen})
    if line.paid_at is not None:
        sale = int(line.is_paid_sale)
        made.post(
            line.paid_at,
            {
                "paid_fen": line.paid_fen,
                "merchant_fen": line.paid_fen + line.subsidy_fen,
                "lines": sale,
                "units": line.qty * sale,
            },
        )
    for piece in allocation.pieces:
        made.post(piece.at, _of_piece(piece))
    if allocation.open_fen:
        made.post(allocation.opened_at or line.ordered_at, {"disputed_fen": allocation.open_fen})
    if matures_at is not None:
        net = line.paid_fen - allocation.refund_fen
        made.post(line.ordered_at, {"counted_lines": 1, "maturing_fen": net}, _hour_after(matures_at))
    return made.postings


class _Poster:
    def __init__(
        self, ordered_at: datetime, placement: Placement, owner: Owner, currency: str, zone: ZoneInfo
    ) -> None:
        self.postings: Postings = {}
        self._zone = zone
        self._ordered_at = ordered_at
        self._day = business_day(ordered_at, zone)
        self._stem = (
            placement.bucket,
            placement.session_id or 0,
            owner.shop_id,
            owner.brand_id or 0,
            owner.product_id or 0,
            placement.host_id or 0,
            placement.agency_id or 0,
            currency,
            ordered_at.replace(second=0, microsecond=0),
            self._day,
        )

    def post(self, at: datetime, amounts: Amounts, matures_at: datetime = NOT_MATURING) -> None:
        """Add amounts as of the moment their money moved."""
        told = _told(amounts)
        if not told:
            return
        # Most is paid when it is ordered.
        day = self._day if at == self._ordered_at else business_day(at, self._zone)
        age = 0 if day == self._day else min(OLDEST_AGE, max(0, (day - self._day).days))
        key = Key(*self._stem, day, age, matures_at)
        known = self.postings.get(key)
        if known is not None:
            told = _told({name: known.get(name, 0) + told.get(name, 0) for name in {**known, **told}})
        if told:
            self.postings[key] = told
        else:
            del self.postings[key]


def _of_piece(piece: Piece) -> Amounts:
    returned = piece.stage != "pre_ship" and piece.kind == "return"
    uncancelled = piece.stage == "pre_ship" and piece.kind in UNCANCELLED
    return {
        f"refund_{piece.stage}_fen": piece.fen,
        "returned_fen": piece.fen if returned else 0,
        "protection_fen": piece.fen if piece.kind == "price_protection" else 0,
        "compensation_fen": piece.compensation_fen,
        "refunded_lines": int(piece.takes_line),
        "refunded_units": piece.units,
        "uncancelled_fen": piece.fen if uncancelled else 0,
    }


def difference(before: Postings, after: Postings) -> Postings:
    """After − before, without what cancels out."""
    if not before:
        return after
    changed: Postings = {}
    for key in {*before, *after}:
        old, new = before.get(key, {}), after.get(key, {})
        amounts = {name: new.get(name, 0) - old.get(name, 0) for name in {*old, *new}}
        if told := _told(amounts):
            changed[key] = told
    return changed


def _told(amounts: Amounts) -> Amounts:
    return {name: amount for name, amount in amounts.items() if amount}


def dump(made: Postings) -> str:
    """Postings as JSON, in a fixed order."""
    return _encoder.encode(sorted(made.items())).decode()


_encoder = msgspec.json.Encoder()


def load(written: Iterable[Any]) -> Postings:
    """Read what dump() wrote, decoded."""
    return {_read(key): dict(amounts) for key, amounts in written}


def summed(all_postings: Iterable[Mapping[Key, Amounts]]) -> Postings:
    """Postings of many lines added up by key."""
    total: Postings = {}
    for one in all_postings:
        for key, amounts in one.items():
            into = total.setdefault(key, {})
            for name, amount in amounts.items():
                into[name] = into.get(name, 0) + amount
    return total


def _read(written: list[Any]) -> Key:
    stem, (minute, cohort, cash, age, matures) = written[:8], written[8:]
    days = date.fromisoformat(cohort), date.fromisoformat(cash)
    moments = datetime.fromisoformat(minute), datetime.fromisoformat(matures)
    return Key._make([*stem, moments[0], *days, age, moments[1]])


def _hour_after(at: datetime) -> datetime:
    whole = at.replace(minute=0, second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(hours=1)
