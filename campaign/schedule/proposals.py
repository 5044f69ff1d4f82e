"""Reading proposals, each scoped by the actor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.parties.models import Agency, Host
from campaign.schedule.models import LiveSession, Participant, Proposal
from campaign.schedule.reading import visible
from campaign.schedule.states import BEFORE_AIR


@dataclass(frozen=True)
class ProposalView:
    """What an agency asks. stands: it can still be accepted. replaces: whose place the host would take."""

    id: int
    session_id: int
    agency_id: int
    agency_name: str
    agency_name_en: str
    kind: str
    starts_at: datetime | None
    ends_at: datetime | None
    participant_id: int | None
    replaces: str | None
    replaces_en: str | None
    host_id: int | None
    host_name: str | None
    host_name_en: str | None
    cancel_code: str | None
    reason: str
    state: str
    stands: bool
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    answer: str


def proposals_of(
    db: Session,
    actor: Actor,
    *,
    session_ids: Sequence[int] | None = None,
    waiting: bool = False,
    limit: int = 100,
) -> list[ProposalView]:
    """Proposals the actor may see, the newest first; `waiting`: only those that can be decided, the oldest first."""
    if not (actor.is_hub or actor.role == "agency"):
        return []
    there = exists().where(
        Participant.id == Proposal.participant_id, Participant.session_id == LiveSession.id
    )
    stands = and_(
        Proposal.state == "open",
        LiveSession.state.in_(BEFORE_AIR),
        Proposal.was_starts_at == LiveSession.starts_at,
        Proposal.was_ends_at == LiveSession.ends_at,
        or_(Proposal.participant_id.is_(None), there),
    )
    out = Participant.__table__.alias("leaving")
    leaving = Host.__table__.alias("leaving_host")
    statement = (
        select(
            Proposal, stands.label("stands"), Agency.name.label("agency_name"), Agency.name_en.label("agency_name_en"),
            Host.name.label("host_name"), Host.name_en.label("host_name_en"),
            leaving.c.name.label("replaces"), leaving.c.name_en.label("replaces_en"),
        )
        .join(LiveSession, LiveSession.id == Proposal.session_id)
        .join(Agency, Agency.id == Proposal.agency_id)
        .outerjoin(Host, Host.id == Proposal.host_id)
        .outerjoin(out, out.c.id == Proposal.participant_id)
        .outerjoin(leaving, leaving.c.id == out.c.host_id)
        .where(visible(actor), *_scope(actor))
    )  # fmt: skip
    if session_ids is not None:
        statement = statement.where(Proposal.session_id.in_(session_ids))
    if waiting:
        statement = statement.where(stands)
    key = Proposal.made_at.asc() if waiting else Proposal.made_at.desc()
    rows = db.execute(statement.order_by(key, Proposal.id).limit(limit))
    return [_view(row) for row in rows]


def _scope(actor: Actor) -> list[ColumnElement[bool]]:
    return [] if actor.is_hub else [Proposal.agency_id == actor.agency_id]


def _view(found: Any) -> ProposalView:
    row: Proposal = found.Proposal
    same = {
        name: getattr(row, name) for name in ProposalView.__dataclass_fields__ if name in Proposal.__table__.c
    }
    return ProposalView(
        **same,
        agency_name=found.agency_name,
        agency_name_en=found.agency_name_en,
        host_name=found.host_name,
        host_name_en=found.host_name_en,
        replaces=found.replaces,
        replaces_en=found.replaces_en,
        stands=bool(found.stands),
    )
