"""A campaign's plan against its targets: shares, pace, and a whole spread over days. Pure.

Amounts are minor units, rates ten-thousandths; None where nothing can be said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from campaign.kit.money import divided, split_whole


@dataclass(frozen=True)
class Planned:
    """Sessions that stand (neither cancelled nor no-show) and how long they run; gone: the part that is over."""

    sessions: int = 0
    minutes: int = 0
    gone_sessions: int = 0
    gone_minutes: int = 0

    def __add__(self, other: "Planned") -> "Planned":
        return Planned(
            self.sessions + other.sessions,
            self.minutes + other.minutes,
            self.gone_sessions + other.gone_sessions,
            self.gone_minutes + other.gone_minutes,
        )

    def share_of_sessions(self, target: int | None) -> int | None:
        """Planned sessions over the target, as a rate."""
        return None if target is None else divided(self.sessions * 10_000, target)

    def share_of_hours(self, target: int | None) -> int | None:
        """Planned hours over the target, as a rate."""
        return None if target is None else divided(self.minutes * 10_000, target * 60)


@dataclass(frozen=True)
class Pace:
    """An amount against its target. expected_fen: what should be there by now; ahead_fen: what is beyond that.

    needed_per_hour_fen: what each planned hour still to come must bring; None with none to come.
    """

    target_fen: int
    actual_fen: int
    expected_fen: int
    needed_per_hour_fen: int | None

    @property
    def reached(self) -> int | None:
        """Actual over target, as a rate."""
        return divided(self.actual_fen * 10_000, self.target_fen)

    @property
    def ahead_fen(self) -> int:
        return self.actual_fen - self.expected_fen


def pace(
    target_fen: int | None,
    actual_fen: int,
    planned: Planned,
    days: tuple[date, date] | None,
    today: date,
) -> Pace | None:
    """How an amount stands. By now the part of the target is due that the planned hours gone have of all of them;
    without any planned, the part of the campaign's days that is over. None without a target, or with neither.
    """
    if target_fen is None:
        return None
    if planned.minutes:
        due, of = planned.gone_minutes, planned.minutes
    elif days is not None:
        of = (days[1] - days[0]).days + 1
        due = min(max((today - days[0]).days, 0), of)
    else:
        return None
    left = planned.minutes - planned.gone_minutes
    missing = max(target_fen - actual_fen, 0)
    return Pace(
        target_fen,
        actual_fen,
        expected_fen=divided(target_fen * due, of) or 0,
        needed_per_hour_fen=divided(missing * 60, left),
    )


def pace_of_show(
    target_fen: int, actual_fen: int, began: datetime, ends_at: datetime, now: datetime
) -> Pace | None:
    """How a show on air stands against its target, to the whole minute; None where it has no time at all.

    What is due is the part of the target that the minutes gone have of all from its beginning to its planned end.
    """
    minute = timedelta(minutes=1)
    of = (ends_at - began) // minute
    if of <= 0:
        return None
    gone = min(max((now - began) // minute, 0), of)
    missing = max(target_fen - actual_fen, 0)
    return Pace(
        target_fen,
        actual_fen,
        expected_fen=divided(target_fen * gone, of) or 0,
        needed_per_hour_fen=divided(missing * 60, of - gone),
    )


def spread(
    target: int | None, minutes: Mapping[date, int], days: tuple[date, date] | None
) -> dict[date, int]:
    """A whole over days by their planned minutes, evenly where none are planned; the parts sum to the whole."""
    if target is None:
        return {}
    over: Sequence[date] = sorted(day for day, planned in minutes.items() if planned)
    if not over and days is not None:
        over = [days[0] + timedelta(days=at) for at in range((days[1] - days[0]).days + 1)]
    if not over:
        return {}
    parts = split_whole(target, [minutes.get(day, 0) for day in over])
    return dict(zip(over, parts, strict=True))
