"""A brand's summary."""

import re
from datetime import date
from typing import Annotated, Literal

from apiflask import APIBlueprint
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.totals import MinuteOut, ShopProgressOut, SpendOut, TotalsOut, totals_out
from campaign.gate.door import reads
from campaign.insight.figures import Group
from campaign.insight.periods import Period
from campaign.insight.reach import Reach, Watched, watched
from campaign.insight.summary import BrandSummary, brand_summary, grouped
from campaign.insight.tallies import Scope
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import BrandId, QueryInt, Strict
from campaign.kit.instants import Instant

bp = APIBlueprint("api_summary", __name__, tag="Sales")

LONGEST_DAYS = 400


def _day(written: object) -> object:
    """Exactly YYYY-MM-DD: pydantic would take numbers for moments."""
    if not isinstance(written, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", written, re.ASCII):
        raise ValueError("wrong_type")
    return written


Day = Annotated[date, BeforeValidator(_day), Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]


class DaysQuery(Strict):
    """from, to: business days in the hub's zone, both in. age: only what had happened by then; 60
    has what came later, too.
    """

    from_day: Day = Field(alias="from")
    to_day: Day = Field(alias="to")
    basis: Literal["cohort", "cash"] = "cohort"
    age: Annotated[QueryInt, Field(le=60)] | None = None

    def check(self) -> None:
        """Raises Invalid for days upside down or too many, and for an age of money that goes by its own day."""
        if not 0 <= (self.to_day - self.from_day).days < LONGEST_DAYS:
            raise Invalid([FieldError("to", "date_range", {"most": LONGEST_DAYS})])
        if self.basis == "cash" and self.age is not None:
            raise Invalid([FieldError("age", "age_by_cash")])

    def scope(self, brand_id: int, bucket: str = "live") -> Scope:
        """What the days ask for, of one brand. Raises Invalid."""
        self.check()
        return Scope(
            brand_id=brand_id,
            first=self.from_day,
            last=self.to_day,
            basis=self.basis,
            age=self.age,
            bucket=bucket,
        )


GroupBy = Literal["day", "session", "host", "product", "platform", "shop", "campaign"]


class SummaryQuery(DaysQuery):
    """compare_age: at which age periods are compared, where this one has reached it."""

    group_by: GroupBy = "day"
    compare_age: Annotated[QueryInt, Field(le=60)] | None = None


class BeneathOut(BaseModel):
    """Paid money outside any session: beneath the totals, never within."""

    model_config = ConfigDict(from_attributes=True)

    currency: str
    unattributed_fen: int
    unattributed_lines: int
    outside_live_fen: int
    outside_live_lines: int


class GroupOut(BaseModel):
    """Totals of one key: a day, a platform or an id; "" stands for none."""

    key: str
    label: str
    label_en: str
    totals: list[TotalsOut]


class ComparedDaysOut(BaseModel):
    """Business days, both in."""

    model_config = ConfigDict(serialize_by_alias=True)

    from_day: date = Field(serialization_alias="from")
    to_day: date = Field(serialization_alias="to")


class ComparisonOut(BaseModel):
    """This period, the one before it and the same dates a year earlier, each as it stood `age` days after the
    order; age is null by cash.

    now is of `days`, before of before_days, year_before of year_before_days: only days that are over, and as many of
    the others. running_day_left_out: this period has days that are not. Where none is over there is nothing to
    compare yet: the days and the age are null, the figures empty.
    """

    age: int | None
    now: list[TotalsOut]
    before: list[TotalsOut]
    year_before: list[TotalsOut]
    days: ComparedDaysOut | None
    before_days: ComparedDaysOut | None
    year_before_days: ComparedDaysOut | None
    running_day_left_out: bool


class GpmOut(BaseModel):
    """Paid per thousand views, of the shows that told their views."""

    currency: str
    gpm_fen: int | None


class ReachOut(BaseModel):
    """Who watched several shows; null is what none of them told. Rates in ten-thousandths.

    Views, likes, comments, clicks, followers and spend add up. viewers do not: with viewers_are_person_times they were
    added over rooms and count some people more than once. peak_online is the greatest of the peak_of shows whose
    platform gave one, average_online_hundredths that of average_of shows, weighted by their time on air. shows told
    something, silent ones nothing.
    """

    shows: int
    silent: int
    views: int | None
    viewers: int | None
    viewers_are_person_times: bool
    product_impressions: int | None
    product_clicks: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    follows: int | None
    peak_online: int | None
    peak_of: int
    average_online_hundredths: int | None
    average_of: int
    ctr: int | None
    live_ctr: int | None
    gpm: list[GpmOut]
    spend: list[SpendOut]


class GroupReachOut(BaseModel):
    """One group's, key and labels as in items; "" stands for none, and for what several hosts share."""

    key: str
    label: str
    label_en: str
    reach: ReachOut


class WatchedOut(BaseModel):
    """Who watched the shows that began on these days, each whole on the day it began, and of this brand alone.

    items follow group_by where that is day, session, host or campaign, and add up to total; of others there are none.
    mixed: shows of several brands, left out, for their viewers cannot be told apart.
    """

    total: ReachOut
    items: list[GroupReachOut]
    mixed: int


class SummaryOut(BaseModel):
    """items follow group_by; orders and buyers are distinct and never add up over items. audience is null by cash."""

    brand_id: BrandId
    from_day: date = Field(serialization_alias="from")
    to_day: date = Field(serialization_alias="to")
    basis: str
    age: int | None
    group_by: str
    totals: list[TotalsOut]
    items: list[GroupOut]
    minutes: list[MinuteOut]
    comparison: ComparisonOut
    beneath: list[BeneathOut]
    audience: WatchedOut | None
    as_of: Instant
    complete_through: Instant | None
    shops: list[ShopProgressOut]


@bp.get("/brands/<brand_id>/summary")
@reads("summary.read", query=SummaryQuery, answer=SummaryOut)
def get_summary(*, db: Session, actor: Actor, brand_id: str, query: SummaryQuery) -> BaseModel:
    """What a brand's sessions sold, net of returns."""
    query.check()
    inner = read_id("brd", brand_id)
    span = (inner, query.from_day, query.to_day)
    found = brand_summary(db, actor, *span, basis=query.basis, age=query.age, compare_age=query.compare_age)
    items = (
        list(found.days)
        if query.group_by == "day"
        else grouped(db, actor, *span, query.group_by, basis=query.basis, age=query.age)
    )
    return SummaryOut(
        brand_id=inner,
        from_day=found.first,
        to_day=found.last,
        basis=found.basis,
        age=found.age,
        group_by=query.group_by,
        totals=totals_out(found.totals),
        items=[_group(one) for one in items],
        minutes=[MinuteOut.model_validate(one) for one in found.minutes],
        comparison=_comparison(found),
        beneath=[BeneathOut.model_validate(one) for one in found.beneath],
        audience=_watched(watched(db, actor, query.scope(inner), query.group_by)),
        as_of=found.as_of,
        complete_through=found.complete_through,
        shops=[ShopProgressOut.model_validate(one) for one in found.complete],
    )


def _comparison(found: BrandSummary) -> ComparisonOut:
    days = found.compared
    return ComparisonOut(
        age=days and days.age,
        now=totals_out(found.now_at_age),
        before=totals_out(found.before),
        year_before=totals_out(found.year_before),
        days=days and _days(days.now),
        before_days=days and _days(days.before),
        year_before_days=days and _days(days.year_before),
        running_day_left_out=days is None or days.cut,
    )


def _watched(found: Watched | None) -> WatchedOut | None:
    if found is None:
        return None
    return WatchedOut(
        total=_reach(found.whole),
        items=[
            GroupReachOut(key=row.key, label=row.label, label_en=row.label_en, reach=_reach(row.reach))
            for row in found.rows
        ],
        mixed=found.mixed,
    )


def _reach(one: Reach) -> ReachOut:
    told = {name: getattr(one, name) for name in ReachOut.model_fields if hasattr(one, name)}
    gpm = [GpmOut(currency=currency, gpm_fen=amount) for currency, amount in (one.gpm_fen or {}).items()]
    spend = [SpendOut.model_validate(each) for each in one.spend]
    return ReachOut(**told | {"viewers_are_person_times": one.is_person_times, "gpm": gpm, "spend": spend})


def _days(days: Period) -> ComparedDaysOut:
    return ComparedDaysOut(from_day=days[0], to_day=days[1])


def _group(one: Group) -> GroupOut:
    return GroupOut(key=one.key, label=one.label, label_en=one.label_en, totals=totals_out(one.totals))
