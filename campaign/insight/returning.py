"""What comes back, by days since the order: the share of the paid amount refunded by each age."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.summary import check_brand, zone_of
from campaign.insight.tallies import wall_params, walls
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.instants import business_day
from campaign.kit.money import divided

OLDEST = 60
TOLD = (0, 1, 3, 7, 15, 30, 45, 60)
MOST_PARTS = 5


@dataclass(frozen=True)
class AgePoint:
    """By this age so much had come back of what was paid, over the days whose orders are that old."""

    age: int
    paid_fen: int
    refund_fen: int

    @property
    def rate(self) -> int | None:
        return divided(self.refund_fen * 10_000, self.paid_fen)


@dataclass(frozen=True)
class Returns:
    """One curve: of the whole (part None), a category or a product; ages that no day has reached are left out."""

    part: str | None
    part_en: str | None
    currency: str
    points: tuple[AgePoint, ...]

    @property
    def told(self) -> Mapping[int, AgePoint]:
        """The ages of a table."""
        return {one.age: one for one in self.points if one.age in TOLD}


@dataclass(frozen=True)
class ReturnCurves:
    """The whole first, then its greatest parts; by says whether these are categories or products."""

    by: str
    curves: tuple[Returns, ...]


_ROWS = (
    "SELECT r.day, r.age_days, r.currency, {part} AS part, {part_en} AS part_en, sum(r.paid_fen)::bigint AS paid_fen,"
    " sum(r.refund_pre_ship_fen + r.refund_post_ship_fen + r.refund_post_receipt_fen)::bigint AS refund_fen"
    " FROM sales_day r LEFT JOIN product p ON p.id = r.product_id WHERE {where} GROUP BY 1, 2, 3, 4, 5"
)
_PARTS = {
    "category": ("coalesce(p.category, '')", "coalesce(p.category, '')"),
    "product": ("coalesce(p.name, '')", "coalesce(p.name_en, '')"),
}


def return_curves(db: Session, actor: Actor, brand_id: int, first: date, last: date) -> ReturnCurves:
    """A brand's curves over the days of its orders. Raises NotFound."""
    check_brand(db, actor, brand_id)
    params = wall_params(actor) | {"brand_id": brand_id, "first": first, "last": last}
    told = db.execute(
        text("SELECT EXISTS (SELECT FROM product WHERE brand_id = :brand_id AND category <> '')"), params
    ).scalar_one()
    by = "category" if told else "product"
    part, part_en = _PARTS[by]
    where = [*walls(actor, "r"), "r.brand_id = :brand_id", "r.day BETWEEN :first AND :last"]
    where += ["r.basis = 'cohort'", "r.bucket = 'live'"]
    sql = _ROWS.format(part=part, part_en=part_en, where=" AND ".join(where))
    rows = [dict(row) for row in db.execute(text(sql), params).mappings()]
    return ReturnCurves(by, tuple(curves_of(rows, business_day(clock.now(db), zone_of(db)))))


def curves_of(rows: Sequence[Mapping[str, Any]], today: date) -> list[Returns]:
    """Rows of (day, age_days, currency, part, part_en, paid_fen, refund_fen) as curves. Pure."""
    made = []
    for currency in sorted({row["currency"] for row in rows}):
        own = [row for row in rows if row["currency"] == currency]
        made.append(Returns(None, None, currency, _points(own, today)))
        paid: dict[tuple[str, str], int] = {}
        for row in own:
            key = (row["part"], row["part_en"])
            paid[key] = paid.get(key, 0) + row["paid_fen"]
        greatest = sorted((key for key in paid if paid[key] > 0), key=lambda key: (-paid[key], key))
        for key in greatest[:MOST_PARTS]:
            part = [row for row in own if (row["part"], row["part_en"]) == key]
            made.append(Returns(*key, currency, _points(part, today)))
    return [one for one in made if one.points]


def _points(rows: Iterable[Mapping[str, Any]], today: date) -> tuple[AgePoint, ...]:
    """Each age over the days for which it is over: a younger day has not had the time to come back."""
    days: dict[date, tuple[list[int], list[int]]] = {}
    for row in rows:
        paid, refund = days.setdefault(row["day"], ([0] * (OLDEST + 1), [0] * (OLDEST + 1)))
        paid[row["age_days"]] += row["paid_fen"]
        refund[row["age_days"]] += row["refund_fen"]
    points = []
    for age in range(OLDEST + 1):
        old = [day for day in days if day + timedelta(days=age) < today]
        if not old:
            break
        paid_fen = sum(sum(days[day][0][: age + 1]) for day in old)
        points.append(AgePoint(age, paid_fen, sum(sum(days[day][1][: age + 1]) for day in old)))
    return tuple(points)
