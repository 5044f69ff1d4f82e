"""A session as it stands, in the terms of input and rules: what a change starts from."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit.names import name_of
from campaign.parties.models import Host
from campaign.schedule.models import LiveSession, Participant, SessionChannel
from campaign.schedule.rules.plan import PersonPlan
from campaign.schedule.schemas import ChannelIn
from campaign.schedule.spans import Span


def channels_of(db: Session, row: LiveSession) -> list[ChannelIn]:
    """A session's channels as they would be given."""
    found = db.scalars(
        select(SessionChannel).where(SessionChannel.session_id == row.id).order_by(SessionChannel.id)
    )
    return [
        ChannelIn.model_construct(
            platform=cast(Any, one.platform),
            platform_account_id=one.platform_account_id,
            room_ids=list(one.room_ids),
        )
        for one in found
    ]


def people_of_plan(db: Session, people: Sequence[Participant]) -> list[PersonPlan]:
    """Participants as the rules see them."""
    hosts = {
        host.id: host
        for host in db.scalars(select(Host).where(Host.id.in_({person.host_id for person in people})))
    }
    return [
        PersonPlan(
            host_id=person.host_id,
            name=name_of(hosts[person.host_id]),
            kind=hosts[person.host_id].kind,
            role=person.role,
            agency_id=person.agency_id,
            shift=Span(person.starts_at, person.ends_at),
        )
        for person in people
    ]
