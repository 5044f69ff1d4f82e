"""Two sessions change studios, times, places or people, in one transaction: neither is ever without its own."""

from typing import Any, Literal

from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.schedule import claims
from campaign.schedule.changing import make
from campaign.schedule.events import shown
from campaign.schedule.models import LiveSession, Participant
from campaign.schedule.schemas import OverrideIn, ParticipantIn, SessionChange
from campaign.schedule.spans import Span, moved_shift
from campaign.schedule.stepping import locked, people_of
from campaign.schedule.targets import target_of
from campaign.schedule.views import SessionView

What = Literal["studios", "times", "places", "people"]


def swap(
    db: Session,
    actor: Actor,
    session_id: int,
    with_id: int,
    *,
    what: What = "studios",
    override_reason: str | None = None,
    expected_version: int | None = None,
) -> SessionView:
    """Each takes the other's studio, start (keeping its own length), place (both of them) or people.

    Whom it touches is asked again. Raises Invalid for itself, Conflicting, NeedsOverride, WrongState, Stale;
    then nothing is swapped.
    """
    if session_id == with_id:
        raise Invalid([FieldError("with", "twice")])
    # In the order of their ids, so that two swaps of the same pair do not wait for each other in a circle.
    rows = {
        one: locked(db, actor, one, "swap", expected_version=expected_version if one == session_id else None)
        for one in sorted((session_id, with_id))
    }
    here, there = rows[session_id], rows[with_id]
    ours = target_of(db, actor, here, _given(db, actor, what, here, there, override_reason))
    theirs = target_of(db, actor, there, _given(db, actor, what, there, here, override_reason))
    claims.take_turns(db, actor, ours.plan.things | theirs.plan.things, session_ids=rows)
    claims.drop_all(db, actor, session_id)
    claims.drop_all(db, actor, with_id)
    # Judged as if both stood already: what each leaves behind is in nobody's way.
    view = make(db, actor, ours, beside=[theirs.plan])
    make(db, actor, theirs)
    return shown(db, actor, here, view)


def _given(
    db: Session, actor: Actor, what: What, row: LiveSession, other: LiveSession, reason: str | None
) -> SessionChange:
    """What `row` is to become: the other's, as far as it is swapped."""
    given: dict[str, Any] = {}
    if what in ("studios", "places"):
        given["studio_id"] = other.studio_id
    if what in ("times", "places"):
        given["starts_at"] = other.starts_at
        given["ends_at"] = other.starts_at + (row.ends_at - row.starts_at)
    if what == "people":
        own, before = Span(row.starts_at, row.ends_at), Span(other.starts_at, other.ends_at)
        given["participants"] = [_moved(person, before, own) for person in people_of(db, actor, other)]
    if reason:
        given["override"] = OverrideIn(reason=reason)
    return SessionChange.model_construct(_fields_set=set(given), **given)


def _moved(person: Participant, before: Span, after: Span) -> ParticipantIn:
    """A participant in the other session, its shift at the same place of the show."""
    shift = moved_shift(Span(person.starts_at, person.ends_at), before, after)
    return ParticipantIn.model_validate(
        {
            "host_id": person.host_id,
            "role": person.role,
            "agency_id": person.agency_id,
            "from": shift.starts_at,
            "to": shift.ends_at,
        }
    )
