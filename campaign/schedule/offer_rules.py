"""By when offers are to be answered: the hub's own numbers, read and set."""

from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.parties.house import set_numbers
from campaign.parties.queries import get_hub
from campaign.schedule.acceptance import OfferRules


def rules_of_hub(db: Session, actor: Actor) -> OfferRules:
    """As they stand."""
    return OfferRules.of(get_hub(db, actor).settings)


def set_rules(db: Session, actor: Actor, *, answer_hours: int, last_answer_minutes: int) -> None:
    """Set both. Offers that stand keep the deadline they were made with."""
    set_numbers(
        db, actor, "offers", OfferRules(answer_hours, last_answer_minutes), action="hub.offer_rules_set"
    )
