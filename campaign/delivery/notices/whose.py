"""Whose notices an actor reads, and whose eyes have read them. Pure, but for the columns it compares."""

from sqlalchemy import ColumnElement, and_, false

from campaign.delivery.notices.models import NoticeChannel, NoticeDelivery
from campaign.kit.actor import Actor
from campaign.outbox.notices import HUB_ID, Audience, Notice


def party_of(actor: Actor) -> tuple[Audience, int] | None:
    """Whose notices an actor reads; None for machines that read none."""
    if actor.is_hub:
        return "hub", HUB_ID
    if actor.role == "brand" and actor.brand_id is not None:
        return "brand", actor.brand_id
    if actor.role == "agency" and actor.agency_id is not None:
        return "agency", actor.agency_id
    if actor.role == "host" and actor.host_id is not None:
        return "host", actor.host_id
    return None


def reader_of(actor: Actor) -> str:
    """Whose eyes: what one user has read, another has not."""
    return f"{actor.kind}:{actor.id}"


def own(
    actor: Actor, model: type[Notice] | type[NoticeChannel] | type[NoticeDelivery]
) -> ColumnElement[bool]:
    """The rows of this actor's party; row-level security says the same once more."""
    party = party_of(actor)
    if party is None:
        return false()
    return and_(model.audience == party[0], model.party_id == party[1])
