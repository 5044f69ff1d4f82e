"""A host's rest: too long on end, too much in one board day, too little between two days. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.facts import Facts, Shift
from campaign.schedule.rules.plan import Plan
from campaign.schedule.rules.settings import RestRules
from campaign.schedule.spans import Span, board_day, board_day_of

_Found = tuple[str, Span, int, dict[str, Any]]


def rest(plan: Plan, facts: Facts) -> Iterator[Conflict]:
    """Each host of the plan against its work in other sessions near it."""
    for host_id in sorted(plan.host_ids):
        mine = [person for person in plan.people if person.host_id == host_id]
        others = [shift for shift in facts.shifts.get(host_id, ()) if shift.session_id != plan.session_id]
        shifts = [person.shift for person in mine]
        yield from host_rest(host_id, mine[0].name, shifts, others, facts.settings.rest, facts.zone)


def host_rest(
    host_id: int, name: str, shifts: Sequence[Span], others: Sequence[Shift], rules: RestRules, zone: ZoneInfo
) -> list[Conflict]:
    """`shifts` are the host's in the session in question, `others` its work in other sessions near it."""
    work = sorted([Shift(0, span) for span in shifts] + list(others), key=lambda shift: shift.span)
    return [
        Conflict(rule, "host", host_id, span.starts_at, span.ends_at, _real(other), {"host": name} | params)
        for rule, span, other, params in (
            *_stretches(work, rules),
            *_days(shifts, work, rules, zone),
            *_nights(work, rules, zone),
        )
    ]


def _stretches(work: Sequence[Shift], rules: RestRules) -> list[_Found]:
    """Runs of work with no break long enough in between; only runs that hold a shift in question."""
    found: list[_Found] = []
    run: list[Shift] = []
    for shift in [*work, None]:
        if shift is not None and (
            not run or shift.span.starts_at - _last_end(run) < timedelta(minutes=rules.break_minutes)
        ):
            run.append(shift)
            continue
        span = Span(run[0].span.starts_at, _last_end(run)) if run else None
        ours = any(part.session_id == 0 for part in run)
        if span and ours and span.length > timedelta(minutes=rules.longest_stretch_minutes):
            params = {"minutes": _minutes(span.length), "most": rules.longest_stretch_minutes}
            found.append(("host_stretch", span, _other(run), params))
        run = [shift] if shift is not None else []
    return found


def _days(shifts: Sequence[Span], work: Sequence[Shift], rules: RestRules, zone: ZoneInfo) -> list[_Found]:
    found: list[_Found] = []
    for day in sorted({board_day_of(span.starts_at, zone) for span in shifts}):
        starts_at, ends_at = board_day(day, zone)
        of_day = [part for part in work if starts_at <= part.span.starts_at < ends_at]
        total = sum((part.span.length for part in of_day), timedelta())
        if total > timedelta(minutes=rules.day_minutes):
            params = {"minutes": _minutes(total), "most": rules.day_minutes}
            whole = Span(of_day[0].span.starts_at, _last_end(of_day))
            found.append(("host_day", whole, _other(of_day), params))
    return found


def _nights(work: Sequence[Shift], rules: RestRules, zone: ZoneInfo) -> list[_Found]:
    found: list[_Found] = []
    for before, after in pairwise(work):
        if 0 not in (before.session_id, after.session_id):
            continue
        rest = after.span.starts_at - before.span.ends_at
        same_day = board_day_of(before.span.starts_at, zone) == board_day_of(after.span.starts_at, zone)
        if not same_day and timedelta(0) <= rest < timedelta(minutes=rules.between_days_minutes):
            params = {"minutes": _minutes(rest), "least": rules.between_days_minutes}
            span = Span(before.span.ends_at, max(after.span.starts_at, before.span.ends_at))
            found.append(("host_night", span, before.session_id or after.session_id, params))
    return found


def _last_end(run: Sequence[Shift]) -> datetime:
    return max(part.span.ends_at for part in run)


def _other(run: Sequence[Shift]) -> int:
    return next((part.session_id for part in run if part.session_id), 0)


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds() // 60)


def _real(session_id: int) -> int | None:
    """Plans that are no sessions yet have ids below 0, which nobody could look up."""
    return session_id if session_id > 0 else None
