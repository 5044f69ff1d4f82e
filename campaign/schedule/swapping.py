"""Two sessions change studios, in one transaction."""

from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.schedule import claims
from campaign.schedule.changing import change
from campaign.schedule.schemas import SessionChange
from campaign.schedule.stepping import locked
from campaign.schedule.views import SessionView


def swap(
    db: Session, actor: Actor, session_id: int, with_id: int, *, expected_version: int | None = None
) -> SessionView:
    """Each takes the other's studio at its own time. Raises Invalid for itself, Conflicting, WrongState, Stale."""
    if session_id == with_id:
        raise Invalid([FieldError("with", "twice")])
    # In the order of their ids, so that two swaps of the same pair do not wait for each other in a circle.
    rows = {
        one: locked(db, actor, one, "swap", expected_version=expected_version if one == session_id else None)
        for one in sorted((session_id, with_id))
    }
    here, there = rows[session_id].studio_id, rows[with_id].studio_id
    claims.drop_all(db, actor, with_id)
    view = change(db, actor, session_id, SessionChange(studio_id=there))
    change(db, actor, with_id, SessionChange(studio_id=here))
    return view
