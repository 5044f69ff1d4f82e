"""What a plan would change on the board as it stands now, and what each change would meet. Nothing is claimed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.kit.errors import DomainError
from campaign.schedule import claims, gathering, judging
from campaign.schedule.models import LiveSession
from campaign.schedule.plans import queries
from campaign.schedule.plans.comparing import Difference, Sheet, compare, sheet_of
from campaign.schedule.plans.models import PlanEntry, WeekPlan
from campaign.schedule.plans.preparing import Prepared, prepare
from campaign.schedule.reading import views_of
from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.facts import Taken
from campaign.schedule.rules.judging import judge
from campaign.schedule.rules.plan import Plan
from campaign.schedule.spans import Span
from campaign.schedule.views import SessionView


@dataclass(frozen=True)
class Seen:
    """One entry beside what stands. `view` is None for a new session, `after` for one called off.

    error: why it cannot be released as it is (overtaken, wrong state, values at fault), whatever the rules say.
    """

    entry: PlanEntry
    title: str
    view: SessionView | None
    after: Sheet | None
    differences: tuple[Difference, ...]
    hard: tuple[Conflict, ...] = ()
    soft: tuple[Conflict, ...] = ()
    error: DomainError | None = None

    @property
    def at(self) -> Span:
        """Where it is shown: at its new time."""
        sheet = self.after or sheet_of(self.view)  # type: ignore[arg-type]
        return sheet.span


def look(db: Session, actor: Actor, plan: WeekPlan) -> list[Seen]:
    """Every entry, by time. A plan that is released or dropped meets no rules any more."""
    found = _prepared(db, actor, queries.entries_of(db, actor, plan.id))
    draft = plan.state == "draft"
    findings = _findings(db, actor, found) if draft else {}
    seen = [
        Seen(
            one.entry,
            one.title,
            one.view,
            one.after,
            tuple(_differences(one, draft=draft)),
            *findings.get(one.entry.id, ((), ())),
            one.error if draft else None,
        )
        for one in found
    ]
    return sorted(seen, key=lambda one: (one.at, one.entry.id))


def _prepared(db: Session, actor: Actor, entries: Sequence[PlanEntry]) -> list[Prepared]:
    wanted = [entry.session_id for entry in entries if entry.session_id is not None]
    rows = db.scalars(select(LiveSession).where(LiveSession.id.in_(wanted)).order_by(LiveSession.id)).all()
    views = {view.id: view for view in views_of(db, actor, rows)}
    return prepare(db, actor, entries, {row.id: row for row in rows}, views)


def _differences(one: Prepared, *, draft: bool) -> Iterable[Difference]:
    if one.view is None:
        yield Difference("added", None, one.after)
        return
    before = sheet_of(one.view)
    if draft and one.entry.base_version != one.view.version:
        yield Difference("overtaken", one.entry.base_version, one.view.version)
    if one.after is not None:
        yield from compare(before, one.after)
    elif one.view.state != "cancelled":
        yield Difference("cancelled", before, None)


def _findings(
    db: Session, actor: Actor, found: Sequence[Prepared]
) -> dict[int, tuple[tuple[Conflict, ...], tuple[Conflict, ...]]]:
    """Entry → hard and soft conflicts, with all of the plan as if it stood: what it moves is in nobody's way."""
    planned = [(one, one.plan) for one in found if one.plan is not None]
    if not planned:
        return {}
    plans = [plan for _, plan in planned]
    moved = {one.entry.session_id for one in found if one.entry.session_id is not None}
    befores = [one.before for one, _ in planned if one.before is not None]
    things = {thing for plan in (*plans, *befores) for thing in plan.things}
    claims.take_turns(db, actor, things)
    facts = gathering.facts_of(db, actor, [*plans, *befores]).beside(plans)
    off = {one.entry.session_id for one in found if one.entry.kind == "cancel"}
    facts = replace(
        facts,
        shifts={
            host: [shift for shift in part if shift.session_id not in off]
            for host, part in facts.shifts.items()
        },
        neighbours=[one for one in facts.neighbours if one.session_id not in off],
        names={**facts.names, **judging.thing_names(db, actor, plans)},
    )
    verdicts = {}
    for one, plan in planned:
        others = [other for other in judging.in_the_way(db, actor, plan) if other.session_id not in moved]
        inside = [taken for other in plans if other is not plan for taken in _between(plan, other)]
        taken = [*others, *inside]
        names = {**facts.names, **judging.account_names(db, taken)}
        verdict = judge(plan, replace(facts, taken=taken, names=names), one.before)
        verdicts[one.entry.id] = (_real(verdict.hard), _real(verdict.soft))
    return verdicts


def _between(plan: Plan, other: Plan) -> Iterable[Taken]:
    """What two sessions of the same plan would take from each other."""
    theirs = other.wanted()
    for want in plan.wanted():
        for taken in theirs:
            if (want.kind, want.thing_id) == (taken.kind, taken.thing_id) and want.span.overlaps(taken.span):
                yield Taken(
                    want.kind, want.thing_id, taken.span, other.session_id, other.title, other.session
                )


def _real(found: Iterable[Conflict]) -> tuple[Conflict, ...]:
    """A session that is none yet has no id to look it up by."""
    return tuple(
        replace(one, session_id=None) if one.session_id is not None and one.session_id < 0 else one
        for one in found
    )
