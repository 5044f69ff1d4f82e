"""The hub's own rules: read and set."""

from typing import Any

from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit.actor import Actor
from campaign.kit.errors import Stale
from campaign.parties.queries import get_hub
from campaign.schedule.rules.limits import RulesIn, standing
from campaign.schedule.rules.settings import RuleSettings


def rules_of_hub(db: Session, actor: Actor) -> dict[str, Any]:
    """Numbers and levels as they stand, and the hub's rev."""
    hub = get_hub(db, actor)
    return {**standing(RuleSettings.of(hub.settings)), "rev": hub.rev}


def set_rules(db: Session, actor: Actor, given: RulesIn, *, expected_rev: int | None = None) -> None:
    """Set them all. What is booked stays; the next check, booking or change is judged by them. Raises Stale."""
    hub = get_hub(db, actor)
    db.refresh(hub, with_for_update=True)
    if expected_rev is not None and expected_rev != hub.rev:
        raise Stale
    before = standing(RuleSettings.of(hub.settings))
    hub.settings = given.as_settings(hub.settings)
    hub.rev += 1
    db.flush()
    after = standing(RuleSettings.of(hub.settings))
    changed = {name: after[name] for name in after if after[name] != before[name]}
    audit.note(db, actor, "hub.rules_set", "hub", hub.id, changed)
