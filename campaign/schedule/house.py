"""The hub's own rules and hours: read and set."""

from typing import Any

from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit.actor import Actor
from campaign.kit.errors import Stale
from campaign.parties.models import Hub
from campaign.parties.queries import get_hub
from campaign.schedule.rules.limits import RulesIn, standing
from campaign.schedule.rules.settings import RuleSettings
from campaign.schedule.window_schemas import HoursIn


def rules_of_hub(db: Session, actor: Actor) -> dict[str, Any]:
    """Numbers and levels as they stand, and the hub's rev."""
    hub = get_hub(db, actor)
    return {**standing(RuleSettings.of(hub.settings)), "rev": hub.rev}


def set_rules(db: Session, actor: Actor, given: RulesIn, *, expected_rev: int | None = None) -> None:
    """Set them all. What is booked stays; the next check, booking or change is judged by them. Raises Stale."""
    hub = _locked(db, actor, expected_rev)
    before = standing(RuleSettings.of(hub.settings))
    hub.settings = given.as_settings(hub.settings)
    hub.rev += 1
    db.flush()
    after = standing(RuleSettings.of(hub.settings))
    changed = {name: after[name] for name in after if after[name] != before[name]}
    audit.note(db, actor, "hub.rules_set", "hub", hub.id, changed)


def set_hours(db: Session, actor: Actor, given: HoursIn, *, expected_rev: int | None = None) -> None:
    """When the hub opens and closes, every day. What is booked stays. Raises Stale."""
    hub = _locked(db, actor, expected_rev)
    hub.opens, hub.closes = given.opens, given.closes
    hub.rev += 1
    db.flush()
    hours = {"opens": f"{given.opens:%H:%M}", "closes": f"{given.closes:%H:%M}"}
    audit.note(db, actor, "hub.hours_set", "hub", hub.id, hours)


def _locked(db: Session, actor: Actor, expected_rev: int | None) -> Hub:
    hub = get_hub(db, actor)
    db.refresh(hub, with_for_update=True)
    if expected_rev is not None and expected_rev != hub.rev:
        raise Stale
    return hub
