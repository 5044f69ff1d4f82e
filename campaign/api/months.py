"""Closed months: the figures as they stood, and what has changed since."""

import re
from datetime import date
from typing import Annotated

from apiflask import APIBlueprint
from flask import url_for
from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.totals import TotalsOut
from campaign.gate.door import Answer, reads, writes
from campaign.gate.etag import etag_of
from campaign.insight.freezing import Adjusted, FrozenMonth, freeze, frozen_month, page_of_months
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.kit.fields import BrandId, ListQuery, Strict
from campaign.kit.instants import Instant

bp = APIBlueprint("api_months", __name__, tag="Sales")

_WRITTEN = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])\Z", re.ASCII)


def _month(written: object) -> object:
    """Exactly YYYY-MM."""
    if isinstance(written, date):
        return written
    found = _WRITTEN.match(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError("month")
    return date(int(found[1]), int(found[2]), 1)


Month = Annotated[
    date,
    BeforeValidator(_month),
    PlainSerializer(lambda month: f"{month:%Y-%m}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^20\d\d-(0[1-9]|1[0-2])$"}),
]


class MonthIn(Strict):
    """month: YYYY-MM, one that is over."""

    month: Month


class AdjustedOut(BaseModel):
    """One currency. frozen + the differences = current, for whatever adds."""

    currency: str
    frozen: TotalsOut
    current: TotalsOut
    paid_gmv_fen: int = Field(description="current less frozen")
    refund_fen: int = Field(description="current less frozen")
    net_gmv_fen: int = Field(description="current less frozen")


class AdjustedDayOut(AdjustedOut):
    """A day of which something has changed since."""

    day: date


class BasisOut(BaseModel):
    """The whole month, and the days that have changed."""

    whole: list[AdjustedOut]
    days: list[AdjustedDayOut]


class MonthOut(BaseModel):
    """By the day of the order (cohort) and by the day the money moved (cash)."""

    brand_id: BrandId
    month: Month
    closed_by: str
    closed_at: Instant
    cohort: BasisOut
    cash: BasisOut


class MonthList(BaseModel):
    items: list[MonthOut]
    next_cursor: str | None


@bp.get("/brands/<brand_id>/months")
@reads("summary.read", query=ListQuery, answer=MonthList)
def list_months(*, db: Session, actor: Actor, brand_id: str, query: ListQuery) -> BaseModel:
    """A brand's closed months, the latest first, each against its figures of now.

    updated_since: closed at or after that instant. What is closed never changes; the figures of now move with sales.
    """
    inner = read_id("brd", brand_id)
    page = page_of_months(db, actor, inner, limit=query.limit, cursor=query.cursor, since=query.updated_since)
    return MonthList(items=[month_out(inner, one) for one in page.items], next_cursor=page.next_cursor)


@bp.post("/brands/<brand_id>/months")
@writes("months.freeze", body=MonthIn, answer=MonthOut, status=201)
def close_month(*, db: Session, actor: Actor, brand_id: str, body: MonthIn) -> Answer:
    """Close a month: its figures are kept as they stand and never changed. 409 month_closed where that was done."""
    inner = read_id("brd", brand_id)
    freeze(db, actor, inner, body.month)
    path = url_for("api_months.get_month", brand_id=brand_id, month=f"{body.month:%Y-%m}")
    answer = _answer(db, actor, inner, body.month)
    return Answer(answer.model, 201, answer.headers | {"Location": path})


@bp.get("/brands/<brand_id>/months/<month>")
@reads("summary.read", answer=MonthOut)
def get_month(*, db: Session, actor: Actor, brand_id: str, month: str) -> Answer:
    """One closed month by its YYYY-MM. Its ETag changes with its figures of now."""
    inner = read_id("brd", brand_id)
    found = _WRITTEN.match(month)
    if found is None:
        raise NotFound
    return _answer(db, actor, inner, date(int(found[1]), int(found[2]), 1))


def _answer(db: Session, actor: Actor, brand_id: int, month: date) -> Answer:
    out = month_out(brand_id, frozen_month(db, actor, brand_id, month))
    return Answer(out, 200, {"ETag": etag_of(out)})


def month_out(brand_id: int, one: FrozenMonth) -> MonthOut:
    bases = {
        basis: BasisOut(
            whole=[AdjustedOut(**_facts(whole)) for whole in one.whole[basis]],
            days=[AdjustedDayOut(day=day, **_facts(moved)) for day, moved in one.days[basis]],
        )
        for basis in ("cohort", "cash")
    }
    return MonthOut(
        brand_id=brand_id, month=one.month, closed_by=one.frozen_by, closed_at=one.frozen_at, **bases
    )


def _facts(one: Adjusted) -> dict[str, object]:
    return {
        "currency": one.currency,
        "frozen": TotalsOut.model_validate(one.frozen),
        "current": TotalsOut.model_validate(one.current),
        "paid_gmv_fen": one.paid_fen,
        "refund_fen": one.refund_fen,
        "net_gmv_fen": one.net_fen,
    }
