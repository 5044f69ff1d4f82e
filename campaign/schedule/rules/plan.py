"""A session as it is to stand: what the rules look at. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from campaign.schedule.spans import Span, Wanted, claims_of


@dataclass(frozen=True)
class Place:
    """A studio with its turnaround in minutes."""

    id: int
    name: str
    setup_minutes: int
    teardown_minutes: int


@dataclass(frozen=True)
class PersonPlan:
    """A participant as it is to be. kind: in_house | signed | independent."""

    host_id: int
    name: str
    kind: str
    role: str
    agency_id: int | None
    shift: Span


@dataclass(frozen=True)
class Outlet:
    """A platform the show goes out on, and the account there, where it is known."""

    platform: str
    account_id: int | None = None


@dataclass(frozen=True)
class CrewNeed:
    """So many of a shared crew, from `before` the start until `into` the show."""

    pool_id: int
    name: str
    units: int
    before: timedelta
    into: timedelta

    def span(self, session: Span) -> Span:
        """When they are needed."""
        return Span(session.starts_at - self.before, session.starts_at + self.into)


@dataclass(frozen=True)
class Plan:
    """A session as it is to stand. session_id is 0 for one that is being made."""

    session_id: int
    session: Span
    studio: Place
    people: Sequence[PersonPlan]
    outlets: Sequence[Outlet]
    brand_ids: Sequence[int] = ()
    product_ids: Sequence[int] = ()
    crew: Sequence[CrewNeed] = ()
    title: str = ""

    @property
    def account_ids(self) -> list[int]:
        return [outlet.account_id for outlet in self.outlets if outlet.account_id is not None]

    @property
    def host_ids(self) -> set[int]:
        return {person.host_id for person in self.people}

    @property
    def things(self) -> set[int]:
        """All that only one booking at a time may look at and take, by their ids."""
        crews = {need.pool_id for need in self.crew}
        return self.host_ids | {self.studio.id, *self.account_ids, *self.product_ids} | crews

    @property
    def around(self) -> Span:
        """The session with set-up and tear-down."""
        return Span(
            self.session.starts_at - timedelta(minutes=self.studio.setup_minutes),
            self.session.ends_at + timedelta(minutes=self.studio.teardown_minutes),
        )

    def wanted(self) -> list[Wanted]:
        """The claims it needs of studio, hosts and accounts; those on crews are taken unit by unit."""
        return claims_of(
            self.session,
            studio_id=self.studio.id,
            setup_minutes=self.studio.setup_minutes,
            teardown_minutes=self.studio.teardown_minutes,
            hosts=[(person.host_id, person.shift) for person in self.people],
            account_ids=self.account_ids,
        )
