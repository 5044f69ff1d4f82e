"""What the pages of a summary are asked for: days, groups, one figure; and where they lead for brand or hub."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from flask import url_for
from pydantic import Field
from sqlalchemy.orm import Session

from campaign.insight.lines import Drill, Only, drill
from campaign.insight.tallies import Scope
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import Currency, QueryInt, Strict
from campaign.kit.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from campaign.parties.queries import today
from campaign.parties.schemas import Day

LONGEST_DAYS = 366
GROUPS = ("day", "session", "host", "product", "platform", "shop", "campaign")

GroupBy = Literal["day", "session", "host", "product", "platform", "shop", "campaign"]
Basis = Literal["cohort", "cash"]
Bucket = Literal["live", "unattributed", "outside_live"]


class DaysQuery(Strict):
    """The last `days` days up to today, or from `first` to `last`, both in; by the order's day or the money's."""

    days: QueryInt = Field(default=7, ge=1, le=LONGEST_DAYS)
    first: Day | None = None
    last: Day | None = None
    basis: Basis = "cohort"

    def span(self, db: Session, actor: Actor) -> tuple[date, date]:
        """Raises Invalid where the range is upside down or too long."""
        last = self.last or today(db, actor)
        first = self.first or last - timedelta(days=self.days - 1)
        if not 0 <= (last - first).days < LONGEST_DAYS:
            raise Invalid([FieldError("first", "range_days", {"most": LONGEST_DAYS})])
        return first, last


class RangeQuery(DaysQuery):
    """How the summary is grouped, and the age at which periods are compared."""

    group: GroupBy = "day"
    age: Annotated[QueryInt, Field(le=60)] | None = None


class FigureQuery(DaysQuery):
    """One figure: of one group, in one currency, of one bucket, as far as an age."""

    by: Literal["none", "day", "session", "host", "product", "platform", "shop", "campaign"] = "none"
    key: str = Field(default="", max_length=40)
    currency: Currency | None = None
    bucket: Bucket = "live"
    only: Only = "all"
    limit: Annotated[QueryInt, Field(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT
    cursor: str | None = Field(default=None, max_length=500)

    def drill(self, db: Session, actor: Actor, brand_id: int) -> Drill:
        """Raises Invalid on a range or a key that is none."""
        first, last = self.span(db, actor)
        scope = Scope(brand_id=brand_id, first=first, last=last, basis=self.basis, bucket=self.bucket)
        return drill(scope, self.by, self.key, currency=self.currency, only=self.only)


class SheetQuery(FigureQuery):
    """A sheet: of the groups, or of the lines of one figure."""

    format: Literal["csv", "xlsx"] = "xlsx"
    what: Literal["summary", "lines"] = "summary"
    group: GroupBy = "day"


@dataclass(frozen=True)
class Place:
    """Where the summary of a brand stands: among the brand's own pages or the hub's. given: what its paths need."""

    pages: str
    summary: str
    session: str
    given: dict[str, Any]

    def link(self, page: str, **values: Any) -> str:
        """The address of `page` beside this one; values that are None are left out."""
        return url_for(f"{self.pages}.{page}", **self.given, **values)


BRAND = Place("brand_home", "index", "brand_sessions.show", {})


def hub_place(brand_id: str) -> Place:
    """The same among the hub's pages."""
    return Place("hub_brands", "show", "hub_sessions.show", {"brand_id": brand_id})
