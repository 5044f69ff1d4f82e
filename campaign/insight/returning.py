"""What comes back, by days since the order: the share of the paid amount refunded by each age."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.summary import check_brand, zone_of
from campaign.insight.tallies import wall_params, walls
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.instants import business_day
from campaign.kit.money import divided

Row = Mapping[str, Any]

OLDEST = 60
TOLD = (0, 1, 3, 7, 15, 30, 45, 60)
ENOUGH = 8_000
"""Of the paid amount of the days, in ten-thousandths: where less of it is old enough, an age is early."""
MOST_PARTS = 5
"""As many are told apart in one drawing, with all others as one."""


@dataclass(frozen=True)
class AgePoint:
    """By this age so much had come back of what was paid, over the days whose orders are that old.

    reached: how much these days have of all that was paid for the orders of the range, in ten-thousandths.
    """

    age: int
    paid_fen: int
    refund_fen: int
    reached: int | None

    @property
    def rate(self) -> int | None:
        return divided(self.refund_fen * 10_000, self.paid_fen)

    @property
    def early(self) -> bool:
        """Whether it is of a few old days alone, beside which younger ages cannot be held. So is any age beyond it."""
        return self.reached is None or self.reached < ENOUGH


@dataclass(frozen=True)
class Returns:
    """One curve: of the whole (part None), a category or a product; ages that no day has reached are left out.

    others: how many lesser parts this one holds together; 0 for one part, or the whole.
    """

    part: str | None
    part_en: str | None
    currency: str
    points: tuple[AgePoint, ...]
    others: int = 0

    @property
    def told(self) -> Mapping[int, AgePoint]:
        """The ages of a table."""
        return {one.age: one for one in self.points if one.age in TOLD}


@dataclass(frozen=True)
class ReturnCurves:
    """The whole first, then its parts, the greatest first; by says whether these are categories or products."""

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


def return_curves(
    db: Session, actor: Actor, brand_id: int, first: date, last: date, *, most: int | None = None
) -> ReturnCurves:
    """A brand's curves over the days of its orders. most: see curves_of. Raises NotFound."""
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
    today = business_day(clock.now(db), zone_of(db))
    return ReturnCurves(by, tuple(curves_of(rows, today, most=most)))


def curves_of(rows: Sequence[Row], today: date, *, most: int | None = None) -> list[Returns]:
    """Rows of (day, age_days, currency, part, part_en, paid_fen, refund_fen) as curves. Pure.

    most: past as many parts those that are left are one, so that parts add up to the whole. None: each has its own.
    """
    made = []
    for currency in sorted({row["currency"] for row in rows}):
        own = [row for row in rows if row["currency"] == currency]
        made.append(Returns(None, None, currency, _points(own, today)))
        parts: dict[tuple[str, str], list[Row]] = {}
        for row in own:
            parts.setdefault((row["part"], row["part_en"]), []).append(row)
        paid = {key: sum(row["paid_fen"] for row in rows) for key, rows in parts.items()}
        greatest = sorted((key for key in paid if paid[key] > 0), key=lambda key: (-paid[key], key))
        # One that is left has a name, and takes no more room with it.
        shown = len(greatest) if most is None or len(greatest) <= most + 1 else most
        made += [Returns(*key, currency, _points(parts[key], today)) for key in greatest[:shown]]
        if left := greatest[shown:]:
            rest = [row for key in left for row in parts[key]]
            made.append(Returns("", "", currency, _points(rest, today), len(left)))
    return [one for one in made if one.points]


def _points(rows: Iterable[Row], today: date) -> tuple[AgePoint, ...]:
    """Each age over the days for which it is over: a younger day has not had the time to come back.

    What moved at an age counts from it on, as far as its day has come: one step up, one down, added up at the end.
    """
    paid, refund, old = [0] * (OLDEST + 2), [0] * (OLDEST + 2), [0] * (OLDEST + 2)
    last, whole = -1, 0
    for row in rows:
        reached = min(OLDEST, (today - row["day"]).days - 1)
        last, whole = max(last, reached), whole + row["paid_fen"]
        if reached >= 0:
            # With what was paid since, as a presale's balance is: a day does not grow older by it.
            old[0] += row["paid_fen"]
            old[reached + 1] -= row["paid_fen"]
        if row["age_days"] <= reached:
            for sums, fen in ((paid, row["paid_fen"]), (refund, row["refund_fen"])):
                sums[row["age_days"]] += fen
                sums[reached + 1] -= fen
    told = zip(accumulate(paid), accumulate(refund), accumulate(old), strict=True)
    return tuple(
        AgePoint(age, paid_fen, refund_fen, divided(old_fen * 10_000, whole))
        for age, (paid_fen, refund_fen, old_fen) in enumerate(told)
        if age <= last
    )
