"""What stands in the way of a session: hard conflicts are refused, soft ones want a reason. Pure.

Overlaps are found by the database's exclusion constraint; here they get their rule and words. What overlap
cannot say (rest, the past, opening hours, platform limits) is decided here on plain values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from campaign.schedule.spans import Span, board_day, board_day_of

LONGEST = timedelta(hours=24)
SHORTEST = timedelta(minutes=5)


@dataclass(frozen=True)
class Conflict:
    """One thing in the way: by which rule, of which resource (its own id), which session has it, and when.

    `code` and `params` are worded at the edge. session_id is None where no other session is to blame.
    """

    rule: str
    resource_type: str
    resource_id: int | None
    starts_at: datetime
    ends_at: datetime
    session_id: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The words' code: the rule's own name."""
        return self.rule


@dataclass(frozen=True)
class PlatformLimit:
    """What a platform takes as one live stream; None: no limit known."""

    shortest: timedelta | None = None
    longest: timedelta | None = None
    products: int | None = None


PLATFORM_LIMITS: Mapping[str, PlatformLimit] = {
    "tiktok_shop": PlatformLimit(timedelta(minutes=30), timedelta(hours=13), 100),
}
"""As TikTok's help pages give them. Soft: a platform may grant an account more."""


@dataclass(frozen=True)
class RestRules:
    """How long a host may work. No legal maximum was found, so each hub sets its own (hub.settings.rest)."""

    longest_stretch_minutes: int = 240
    break_minutes: int = 30
    day_minutes: int = 480
    between_days_minutes: int = 660

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "RestRules":
        """The hub's own numbers over the defaults; what is no whole number is left at its default."""
        given = settings.get("rest")
        known = cls.__dataclass_fields__
        rules = (
            {k: v for k, v in given.items() if k in known and type(v) is int}
            if isinstance(given, dict)
            else {}
        )
        return cls(**rules)


@dataclass(frozen=True)
class Shift:
    """A host's other work near the session in question."""

    session_id: int
    span: Span


def overlap_rule(resource_kind: str) -> str:
    """The rule a taken resource breaks, such as studio_overlap."""
    return {"studio": "studio_overlap", "host": "host_overlap", "platform_account": "account_overlap"}[
        resource_kind
    ]


def past_start(session: Span, now: datetime) -> list[Conflict]:
    """Soft: it would start before now."""
    if session.starts_at >= now:
        return []
    return [Conflict("past_start", "session", None, session.starts_at, session.ends_at)]


def platform_limits(session: Span, platforms: Iterable[str], products: int) -> list[Conflict]:
    """Soft: shorter, longer or with more products than a platform takes."""
    broken: list[tuple[str, dict[str, Any]]] = []
    for platform in sorted(set(platforms)):
        limit = PLATFORM_LIMITS.get(platform, PlatformLimit())
        if limit.shortest is not None and session.length < limit.shortest:
            broken.append(("platform_too_short", {"platform": platform, "minutes": _minutes(limit.shortest)}))
        if limit.longest is not None and session.length > limit.longest:
            broken.append(("platform_too_long", {"platform": platform, "minutes": _minutes(limit.longest)}))
        if limit.products is not None and products > limit.products:
            broken.append(("platform_products", {"platform": platform, "most": limit.products}))
    return [
        Conflict(rule, "session", None, session.starts_at, session.ends_at, params=params)
        for rule, params in broken
    ]


def opening_hours(session: Span, opens: time, closes: time, zone: ZoneInfo) -> list[Conflict]:
    """Soft: outside the hub's hours. Equal times mean open round the clock."""
    if opens == closes:
        return []
    start = session.starts_at.astimezone(zone)
    opened = start.replace(hour=opens.hour, minute=opens.minute, second=0, microsecond=0)
    if opened > start:
        opened -= timedelta(days=1)
    closed = opened.replace(hour=closes.hour, minute=closes.minute)
    if closed <= opened:
        closed += timedelta(days=1)
    if start < closed and session.ends_at <= closed:
        return []
    params = {"opens": opens.strftime("%H:%M"), "closes": closes.strftime("%H:%M")}
    return [Conflict("outside_hours", "session", None, session.starts_at, session.ends_at, params=params)]


def host_rest(
    host_id: int, name: str, shifts: Sequence[Span], others: Sequence[Shift], rules: RestRules, zone: ZoneInfo
) -> list[Conflict]:
    """Soft: too long on end, too much in one board day, too little rest between two days.

    `shifts` are the host's in the session in question, `others` its work in other sessions near it.
    """
    work = sorted([Shift(0, span) for span in shifts] + list(others), key=lambda shift: shift.span)
    return [
        Conflict(rule, "host", host_id, span.starts_at, span.ends_at, other or None, {"host": name} | params)
        for rule, span, other, params in (
            *_stretches(work, rules),
            *_days(shifts, work, rules, zone),
            *_nights(work, rules, zone),
        )
    ]


_Found = tuple[str, Span, int, dict[str, Any]]


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
