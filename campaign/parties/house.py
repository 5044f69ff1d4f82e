"""Numbers that the hub sets for itself, a group of them under each key of hub.settings."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit.actor import Actor
from campaign.parties.queries import get_hub

Numbers = TypeVar("Numbers")


def numbers_in(kind: type[Numbers], settings: Mapping[str, Any], key: str) -> Numbers:
    """The hub's own numbers over the defaults of a dataclass; what is no whole number is left at its default."""
    given = settings.get(key)
    if not isinstance(given, dict):
        return kind()
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: given[name] for name in names if type(given.get(name)) is int})


def set_numbers(db: Session, actor: Actor, key: str, wanted: Any, *, action: str) -> None:
    """Keep a dataclass of numbers under a key; nothing is written where they stand so already."""
    hub = get_hub(db, actor)
    db.refresh(hub, with_for_update=True)
    if wanted == numbers_in(type(wanted), hub.settings, key):
        return
    hub.settings = {**hub.settings, key: asdict(wanted)}
    hub.rev += 1
    db.flush()
    audit.note(db, actor, action, "hub", hub.id, asdict(wanted))
