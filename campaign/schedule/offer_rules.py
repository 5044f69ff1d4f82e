"""By when offers are to be answered: the hub's own numbers, read and set."""

from dataclasses import asdict

from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit.actor import Actor
from campaign.parties.queries import get_hub
from campaign.schedule.acceptance import OfferRules


def rules_of_hub(db: Session, actor: Actor) -> OfferRules:
    """As they stand."""
    return OfferRules.of(get_hub(db, actor).settings)


def set_rules(db: Session, actor: Actor, *, answer_hours: int, last_answer_minutes: int) -> None:
    """Set both. Offers that stand keep the deadline they were made with."""
    hub = get_hub(db, actor)
    db.refresh(hub, with_for_update=True)
    wanted = OfferRules(answer_hours, last_answer_minutes)
    if wanted == OfferRules.of(hub.settings):
        return
    hub.settings = {**hub.settings, "offers": asdict(wanted)}
    hub.rev += 1
    db.flush()
    audit.note(db, actor, "hub.offer_rules_set", "hub", hub.id, asdict(wanted))
