"""Refunds whose line is unknown: put to a line by a person's word, which stands from then on.

The refund's row stands with its new line, under whose lock it is merged; what names its old line finds it there.
"""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound, WrongState
from campaign.sales.placing import place_again
from campaign.sales.rows import LineKey, lock_lines

# No index leads to a refund by its id: those without a line and those that were put to one are few.
_FIND = text(
    "SELECT f.shop_id, f.refund_id, f.line_id, f.currency FROM order_line l"
    " JOIN refund f ON f.shop_id = l.shop_id AND f.line_id = l.line_id WHERE NOT l.known AND f.id = :id"
    " UNION SELECT shop_id, refund_id, line_id, currency FROM refund WHERE told_line_id IS NOT NULL AND id = :id"
)
_LINE = text("SELECT currency FROM order_line WHERE shop_id = :shop_id AND line_id = :line_id AND known")
# Both lines are locked: where it was, it still is, unless somebody else was first.
_MOVE = text(
    "UPDATE refund f SET line_id = :line_id, told_line_id = coalesce(told_line_id, line_id),"
    " assigned_reason = :reason, updated_at = :now"
    " WHERE shop_id = :shop_id AND refund_id = :refund_id AND line_id = :old_line_id"
    " AND (told_line_id IS NOT NULL OR EXISTS (SELECT FROM order_line l"
    " WHERE l.shop_id = f.shop_id AND l.line_id = f.line_id AND NOT l.known)) RETURNING 1"
)


class NoSuchLine(NotFound):
    """The refund's shop has no line of that number: most likely mistyped."""


def assign_refund(db: Session, actor: Actor, refund_id: int, line_id: str, reason: str) -> None:
    """Put a refund to a known line of its shop (`line_id` is the platform's), of the same money.

    Raises NotFound where one of them is not there (NoSuchLine for the line) or the refund found its line by itself,
    WrongState for other money.
    """
    refund = db.execute(_FIND, {"id": refund_id}).one_or_none()
    if refund is None:
        raise NotFound
    line = db.execute(_LINE, {"shop_id": refund.shop_id, "line_id": line_id}).one_or_none()
    if line is None:
        raise NoSuchLine
    if refund.currency is not None and refund.currency != line.currency:
        raise WrongState(state=line.currency)
    if line_id == refund.line_id:
        return
    keys: list[LineKey] = [(refund.shop_id, refund.line_id), (refund.shop_id, line_id)]
    lock_lines(db, keys, make=False)
    values: dict[str, Any] = {
        "shop_id": refund.shop_id,
        "refund_id": refund.refund_id,
        "old_line_id": refund.line_id,
        "line_id": line_id,
        "reason": reason,
        "now": clock.now(db),
    }
    if db.execute(_MOVE, values).one_or_none() is None:
        raise NotFound
    place_again(db, actor, keys)
    detail = {"refund_id": refund.refund_id, "line_id": line_id, "reason": reason}
    audit.note(db, actor, "refund.assigned", "refund", refund_id, detail)
