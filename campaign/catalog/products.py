"""Products that change hands: whose one was on which day. Lines of the days concerned are placed again."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.catalog.models import Product, ProductPast
from campaign.catalog.schemas import StretchIn
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.parties import actions
from campaign.parties.queries import today


@dataclass(frozen=True)
class Stretch:
    """A product is of `brand_id` on the days [starts_on, ends_on); None: as long as there is anything."""

    brand_id: int
    starts_on: date | None
    ends_on: date | None


def stretches_of(db: Session, actor: Actor, product: Product) -> list[Stretch]:
    """Whose a product was and is, oldest first; for the hub."""
    past = db.scalars(
        select(ProductPast).where(ProductPast.product_id == product.id).order_by(ProductPast.until)
    )
    found, since = [], None
    for row in past:
        found.append(Stretch(row.brand_id, since, row.until))
        since = row.until
    found.append(Stretch(product.brand_id, since, None))
    return found


def set_stretches(
    db: Session,
    actor: Actor,
    product: Product,
    given: Sequence[StretchIn],
    *,
    expected_rev: int | None = None,
) -> None:
    """Replace whose a product was and is. The first begins with no day, each other on a later one, today at the latest.

    Raises Invalid, Stale, AlreadyThere where the last brand has another product of that SKU.
    """
    _check(given, today(db, actor))
    # The product first: its row is the lock, and says whether somebody was quicker.
    actions.change(db, actor, product, {"brand_id": given[-1].brand_id}, expected_rev=expected_rev)
    db.execute(delete(ProductPast).where(ProductPast.product_id == product.id))
    for one, after in itertools.pairwise(given):
        if one.brand_id != after.brand_id and after.starts_on is not None:
            db.add(ProductPast(product_id=product.id, until=after.starts_on, brand_id=one.brand_id))
    db.flush()


def hand_over(
    db: Session,
    actor: Actor,
    product: Product,
    brand_id: int,
    since: date | None,
    *,
    expected_rev: int | None = None,
) -> None:
    """A product is of another brand since a day, today at the latest; None: it has been all the time.

    Raises Invalid, Stale, AlreadyThere where that brand has another product of that SKU.
    """
    if since is not None and since > today(db, actor):
        raise Invalid([FieldError("since", "in_future")])
    kept = [] if since is None else [one for one in stretches_of(db, actor, product) if _begins(one) < since]
    stretches = [StretchIn(brand_id=one.brand_id, starts_on=one.starts_on) for one in kept]
    last = StretchIn(brand_id=brand_id, starts_on=since)
    set_stretches(db, actor, product, [*stretches, last], expected_rev=expected_rev)


def change_product(
    db: Session, actor: Actor, product: Product, changes: dict[str, Any], *, expected_rev: int | None = None
) -> None:
    """Change given fields; another brand has it from today on, and what it sold before stays where it is."""
    brand_id = changes.get("brand_id", product.brand_id)
    rest = {name: value for name, value in changes.items() if name != "brand_id"}
    if rest or brand_id == product.brand_id:
        actions.change(db, actor, product, rest, expected_rev=expected_rev)
        expected_rev = None
    if brand_id != product.brand_id:
        hand_over(db, actor, product, brand_id, today(db, actor), expected_rev=expected_rev)


def _begins(one: Stretch) -> date:
    return one.starts_on or date.min


def _check(given: Sequence[StretchIn], latest: date) -> None:
    faults = []
    for at, one in enumerate(given):
        field = f"items.{at}.starts_on"
        if at == 0:
            if one.starts_on is not None:
                faults.append(FieldError(field, "first_is_open"))
        elif one.starts_on is None:
            faults.append(FieldError(field, "missing"))
        elif one.starts_on > latest:
            faults.append(FieldError(field, "in_future"))
        elif (given[at - 1].starts_on or date.min) >= one.starts_on:
            faults.append(FieldError(field, "not_in_order"))
    if faults:
        raise Invalid(faults)
