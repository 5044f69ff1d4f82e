"""The hub's own say in which hours sell best."""

from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit.actor import Actor
from campaign.parties.models import Hub
from campaign.schedule.ranking import Prime


def set_prime(db: Session, actor: Actor, prime: Prime) -> None:
    """Keep prime time in hub.settings, where ranking reads it."""
    hub = db.get_one(Hub, 1, with_for_update=True, populate_existing=True)
    told = {"from": f"{prime.since:%H:%M}", "to": f"{prime.until:%H:%M}"}
    hub.settings = hub.settings | {"prime": told}
    hub.rev += 1
    db.flush()
    audit.note(db, actor, "hub.prime_set", "hub", 1, told)
