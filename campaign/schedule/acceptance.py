"""Who must answer an offer, and what their answers make of a session. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaign.parties.house import numbers_in

LEAST_TIME_TO_ANSWER = timedelta(minutes=15)


@dataclass(frozen=True)
class OfferRules:
    """By when an offer is to be answered, as a hub has set it (hub.settings.offers)."""

    answer_hours: int = 24
    last_answer_minutes: int = 60

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "OfferRules":
        """The hub's own numbers over the defaults."""
        return numbers_in(cls, settings, "offers")


@dataclass(frozen=True)
class Person:
    """A participant as far as asking goes. kind: in_house | signed | independent."""

    id: int
    host_id: int
    kind: str
    agency_id: int | None
    acceptance: str


def must_answer(person: Person) -> bool:
    """An agency answers for its host, an independent host for itself; the hub confirms its own."""
    return person.agency_id is not None or person.kind != "in_house"


def to_ask(people: Iterable[Person]) -> list[Person]:
    """Those an offer asks: everyone who must answer and has not accepted yet."""
    return [person for person in people if must_answer(person) and person.acceptance != "accepted"]


def all_accepted(people: Sequence[Person]) -> bool:
    """True when nobody who must answer is missing: then the session is accepted."""
    return not to_ask(people)


def nobody_missing(people: Sequence[Person]) -> bool:
    """True when all have agreed and nobody, asked or not, has said that they cannot come."""
    return all_accepted(people) and not any(person.acceptance in ("declined", "expired") for person in people)


def deadline(asked_at: datetime, starts_at: datetime, rules: OfferRules | None = None) -> datetime:
    """By when an answer is due unless the hub says: a day, or an hour before the start, but never at once."""
    rules = rules or OfferRules()
    latest = min(
        asked_at + timedelta(hours=rules.answer_hours),
        starts_at - timedelta(minutes=rules.last_answer_minutes),
    )
    return max(latest, asked_at + LEAST_TIME_TO_ANSWER)
