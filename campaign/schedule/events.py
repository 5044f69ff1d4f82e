"""Facts about sessions for the agencies that have been told of them. No prices, no terms, co-hosts by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from campaign.kit import ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.instants import written
from campaign.outbox import actions as outbox
from campaign.schedule.models import LiveSession
from campaign.schedule.reading import views_of
from campaign.schedule.telling import tell_of_event
from campaign.schedule.views import ParticipantView, SessionView


@dataclass
class Digest:
    """News held back to be told at once: which agencies hear of which session, and who no longer takes part."""

    told: dict[int, set[int]] = field(default_factory=dict)
    parted: dict[int, set[int]] = field(default_factory=dict)

    def hold(self, session_id: int, told: Iterable[int], parted: Iterable[int]) -> None:
        """Keep one piece of news."""
        self.told.setdefault(session_id, set()).update(told)
        self.parted.setdefault(session_id, set()).update(parted)


def announce(
    db: Session,
    actor: Actor,
    row: LiveSession,
    type: str,  # noqa: A002 - the word of the wire format
    *,
    told: Iterable[int] | None = None,
    parted: Iterable[int] = (),
    digest: Digest | None = None,
    **more: Any,
) -> SessionView | None:
    """Write `type` for the agencies told of the session (or those given), in this transaction.

    `more` is laid beside data.session and read by all who take part: plain JSON without anybody's terms. `parted`
    are agencies that no longer do: they hear that, and nothing else, neither of the session as it now is nor why.
    People are told too (schedule.telling). With a `digest` nobody is told now: it is kept there, for whoever
    releases to tell everything at once. Gives the whole view that was told of, for `shown`; None with a digest.
    """
    audience, parted = sorted(set(row.agency_ids if told is None else told)), set(parted)
    if digest is not None:
        digest.hold(row.id, audience, parted)
        return None
    # Gathered whole, since one agency's answer is told to the others too; what each may see is cut below.
    view = views_of(db, SYSTEM, [row])[0]
    # What is laid over for one agency takes nothing away: with one that has parted, `more` is laid over for the others.
    said, own = ({}, more) if parted else (more, {})
    per_agency: dict[int, dict[str, Any]] = {
        agency: {"participants": own_participants(view.participants, agency)} | own for agency in audience
    }
    for agency in parted:
        per_agency[agency] = {"session": _parting(view), "participants": []}
    outbox.write(
        db,
        type,
        session_id=row.id,
        agency_ids=audience,
        data={"session": written_session(view)} | said,
        per_agency=per_agency,
    )
    reason = str(more.get("reason", ""))
    tell_of_event(db, actor, row, view, type, agencies=audience, parted=parted, reason=reason)
    return view


def shown(db: Session, actor: Actor, row: LiveSession, told: SessionView | None) -> SessionView:
    """A session as its reader may see it. `told`: the view of what was announced last, when nothing came after it.

    The hub sees what was told; gathering it anew would be a fifth of a change.
    """
    return told if told is not None and actor.is_hub else views_of(db, actor, [row])[0]


def written_session(view: SessionView) -> dict[str, Any]:
    """A session as every agency that takes part may read it."""
    return {
        "id": ids.public("ses", view.id),
        "title": view.title,
        "state": view.state,
        "version": view.version,
        "studio": {"id": ids.public("std", view.studio_id), "name": view.studio_name},
        "starts_at": written(view.starts_at),
        "ends_at": written(view.ends_at),
        "actual_starts_at": written(view.actual_starts_at) if view.actual_starts_at else None,
        "actual_ends_at": written(view.actual_ends_at) if view.actual_ends_at else None,
        "answer_by": written(view.offer_deadline_at) if view.offer_deadline_at else None,
        "cancel_code": view.cancel_code,
        "brands": [{"id": ids.public("brd", brand.id), "name": brand.name} for brand in view.brands],
        "channels": [
            {
                "platform": channel.platform,
                "account": channel.account_name,
                "room_ids": list(channel.room_ids),
            }
            for channel in view.channels
        ],
        "hosts": [{"name": person.name, "role": person.role} for person in view.participants],
        "lineup": [{"position": item.position, "sku": item.sku, "name": item.name} for item in view.lineup],
    }


def _parting(view: SessionView) -> dict[str, Any]:
    return {"id": ids.public("ses", view.id), "title": view.title, "version": view.version, "state": "parted"}


def own_participants(people: Sequence[ParticipantView], agency_id: int) -> list[dict[str, Any]]:
    """An agency's own participants, with how they answered."""
    return [
        {
            "id": ids.public_or_none("ptc", person.id),
            "host_id": ids.public_or_none("hst", person.host_id),
            "name": person.name,
            "role": person.role,
            "from": written(person.starts_at) if person.starts_at else None,
            "to": written(person.ends_at) if person.ends_at else None,
            "acceptance": person.acceptance,
            "reason": person.reason,
        }
        for person in people
        if person.agency_id == agency_id
    ]
