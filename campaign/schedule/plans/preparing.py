"""Entries of a plan read back as what they are, with the sessions they are about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.kit.errors import DomainError, Stale, WrongState
from campaign.schedule import booking, states
from campaign.schedule.models import LiveSession
from campaign.schedule.plans.comparing import Person, Sheet, applied, sheet_of, sheet_of_given
from campaign.schedule.plans.models import PlanEntry
from campaign.schedule.plans.schemas import PlanCancelIn
from campaign.schedule.rules.plan import Plan
from campaign.schedule.schemas import SessionChange, SessionIn
from campaign.schedule.targets import Target, target_of
from campaign.schedule.views import SessionView


@dataclass
class Prepared:
    """One entry. `view`: its session as it stands; `plan`, `before`: as the rules see it, then and now."""

    entry: PlanEntry
    row: LiveSession | None
    view: SessionView | None
    given: SessionIn | SessionChange | PlanCancelIn
    plan: Plan | None = None
    before: Plan | None = None
    target: Target | None = None
    error: DomainError | None = None

    @property
    def title(self) -> str:
        """What people call it."""
        title = getattr(self.given, "title", None) or (self.view.title if self.view is not None else "")
        return str(title)

    @property
    def after(self) -> Sheet | None:
        """What the session is to become; None for one that is called off."""
        sheet = None
        if isinstance(self.given, SessionIn):
            sheet = sheet_of_given(self.given)
        elif isinstance(self.given, SessionChange) and self.view is not None:
            sheet = applied(sheet_of(self.view), self.given)
        if sheet is None or self.plan is None:
            return sheet
        # With their agencies by contract, and shifts as they would be written.
        people = [
            Person(one.host_id, "", one.role, one.agency_id, one.shift.starts_at, one.shift.ends_at)
            for one in self.plan.people
        ]
        return replace(sheet, people=tuple(people))


_SHAPES: Mapping[str, type[SessionIn | SessionChange | PlanCancelIn]] = {
    "book": SessionIn,
    "change": SessionChange,
    "cancel": PlanCancelIn,
}


def prepare(
    db: Session,
    actor: Actor,
    entries: Sequence[PlanEntry],
    rows: Mapping[int, LiveSession],
    views: Mapping[int, SessionView],
) -> list[Prepared]:
    """Each entry with what it makes of its session, or why it cannot. New sessions have ids below 0."""
    found = []
    for entry in entries:
        session_id = entry.session_id or 0
        one = Prepared(
            entry,
            rows.get(session_id),
            views.get(session_id),
            _SHAPES[entry.kind].model_validate(entry.given),
        )
        try:
            _fill(db, actor, one)
        except DomainError as error:
            one.error = error
        found.append(one)
    return found


def refuse_overtaken(row: LiveSession, entry: PlanEntry) -> None:
    """Raises Stale where somebody changed the session since, WrongState where it no longer allows the verb."""
    if not states.may(entry.kind, row.state):
        raise WrongState(verb=entry.kind, state=row.state)
    if entry.base_version != row.version:
        raise Stale("overtaken")


def _fill(db: Session, actor: Actor, one: Prepared) -> None:
    if isinstance(one.given, SessionIn):
        plan, _ = booking.planned(db, actor, one.given)
        one.plan = replace(plan, session_id=-one.entry.id)
    elif one.row is not None:
        if isinstance(one.given, SessionChange):
            one.target = target_of(db, actor, one.row, one.given)
            one.plan, one.before = one.target.plan, one.target.before
        refuse_overtaken(one.row, one.entry)
