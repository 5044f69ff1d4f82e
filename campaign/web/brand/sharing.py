"""Pages of links and of closed months, for the brand and for the hub alike."""

from datetime import timedelta
from typing import Annotated

from flask import Response, flash, make_response, render_template, request
from flask_babel import gettext as _
from pydantic import Field
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.gate.current import parts
from campaign.insight.freezing import freeze, page_of_months, span_of
from campaign.insight.sharing import LONGEST_DAYS, Shown, page_of_shares, revoke, share
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.fields import QueryInt, Strict
from campaign.parties.models import Brand
from campaign.parties.queries import get, today
from campaign.parties.schemas import Day
from campaign.web.brand.ranges import Place, RangeQuery
from campaign.web.forms import read
from campaign.web.verbs import attempt

LIVES = (7, 30, 90)
_MONTHS = 12


class ShareForm(RangeQuery):
    """The summary that a link is to show, and for how many days."""

    valid_days: Annotated[QueryInt, Field(ge=1, le=LONGEST_DAYS)] = 7


class MonthForm(Strict):
    """A month, by one of its days."""

    month: Day


def draw_shares(
    db: Session, actor: Actor, brand_id: int, query: RangeQuery, place: Place, made: str | None = None
) -> str:
    """The links that still open, and a form for another. made: a link's address, shown this once."""
    first, last = query.span(db, actor)
    return render_template(
        "brand/shares.html",
        brand=get(db, actor, Brand, brand_id),
        place=place,
        query=query,
        first=first,
        last=last,
        lives=LIVES,
        made=made,
        may_share=allows(actor, "summary.share") or allows(actor, "summary.share_own"),
        shares=page_of_shares(db, actor, brand_id).items,
        now=clock.now(db),
    )


def make_share(db: Session, actor: Actor, brand_id: int, query: ShareForm, place: Place) -> Response:
    """A link for the summary that was looked at: 201, its address is shown on the page that answers and on no other."""
    first, last = query.span(db, actor)
    shown = Shown(first, last, query.basis, query.group)
    _share, token = share(db, actor, brand_id, shown, days=query.valid_days)
    page = draw_shares(db, actor, brand_id, query, place, f"{parts().settings.base_url}/s/{token}")
    return make_response(page, 201)


def end_share(db: Session, actor: Actor, brand_id: int, share_id: int) -> None:
    """Void a link and say so."""
    revoke(db, actor, brand_id, share_id)
    flash(_("The link opens nothing any more."), "ok")


def draw_months(db: Session, actor: Actor, brand_id: int, place: Place) -> str:
    """Closed months with what has changed since; the hub closes those that are over."""
    found = page_of_months(db, actor, brand_id).items
    closed = {one.month for one in found}
    month, over = span_of(today(db, actor))[0], []
    for _number in range(_MONTHS):
        month = span_of(month - timedelta(days=1))[0]
        over += [month] if month not in closed else []
    return render_template(
        "brand/months.html",
        brand=get(db, actor, Brand, brand_id),
        place=place,
        months=found,
        over=over,
        span_of=span_of,
        may_freeze=allows(actor, "months.freeze"),
    )


def close_month(db: Session, actor: Actor, brand_id: int) -> None:
    """Freeze the month of the form, or say why not. Raises NotFound, Invalid where it names no day."""
    form = read(MonthForm, request.form)
    if form.value is None:
        raise Invalid([FieldError("month", "wrong_type")])
    month = form.value.month
    attempt(db, "done.freeze", lambda: freeze(db, actor, brand_id, month))


def sent_share() -> ShareForm:
    """The form of a link. Raises Invalid."""
    form = read(ShareForm, request.form)
    if form.value is None:
        raise Invalid([FieldError(name, "wrong_type") for name in form.errors])
    return form.value
