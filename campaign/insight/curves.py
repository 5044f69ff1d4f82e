"""A curve as SVG, drawn on the server: the page shows it without scripts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.insight.figures import Minute

WIDTH, HEIGHT = 1000, 200
MOST_POINTS = 360
_STEPS_MINUTES = (1, 5, 15, 60, 180, 720, 1440)


@dataclass(frozen=True)
class Point:
    """Money of one stretch that begins at `at`."""

    at: datetime
    fen: int


@dataclass(frozen=True)
class Curve:
    """`line` and `area` are paths in a box of WIDTH by HEIGHT; `top` is the value at its upper edge."""

    points: list[Point]
    step_minutes: int
    line: str
    area: str
    top: int


def curves_of(minutes: Sequence[Minute], *, least_step: int = 1) -> dict[str, Curve]:
    """The paid amount by currency, all over one time, from the first of them to the last: what stands one above the
    other is of the same moment. Each has a `top` of its own, for two currencies have no common scale.
    """
    if not minutes:
        return {}
    span = (min(one.at for one in minutes), max(one.at for one in minutes))
    found = {}
    for currency in sorted({one.currency for one in minutes}):
        points = [Point(one.at, one.paid_gmv_fen) for one in minutes if one.currency == currency]
        curve = curve_of(points, least_step=least_step, span=span)
        if curve is not None:
            found[currency] = curve
    return found


def curve_of(
    points: Sequence[Point], *, least_step: int = 1, span: tuple[datetime, datetime] | None = None
) -> Curve | None:
    """Even steps from the first to the last minute, at least two, gaps as nought; None without points.

    The step grows (1, 5, 15 min, 1 h …) until at most MOST_POINTS remain, and sums are kept; it is at least
    `least_step` minutes, where the points themselves are sums of that length. span: the first and the last minute
    where they are not those of the points, which lie within.
    """
    if not points:
        return None
    first, last = span or (min(one.at for one in points), max(one.at for one in points))
    span_minutes = int((last - first) / timedelta(minutes=1)) + 1
    fitting = (s for s in _STEPS_MINUTES if s >= least_step and span_minutes / s <= MOST_POINTS)
    step = next(fitting, max(least_step, _STEPS_MINUTES[-1]))
    count = -(-span_minutes // step)
    if count == 1:
        # A lone point would be no line: it rises from the step before, in which nothing was sold.
        first, count = first - timedelta(minutes=step), 2
    sums = [0] * count
    for one in points:
        sums[int((one.at - first) / timedelta(minutes=step))] += one.fen
    top = max(*sums, 1)
    across = WIDTH / (count - 1)
    places = [f"{at * across:.1f} {HEIGHT - max(0, fen) / top * HEIGHT:.1f}" for at, fen in enumerate(sums)]
    line = "M" + "L".join(places)
    spread = [Point(first + timedelta(minutes=step * at), fen) for at, fen in enumerate(sums)]
    right = (count - 1) * across
    return Curve(spread, step, line, f"{line}L{right:.1f} {HEIGHT}L0 {HEIGHT}Z", top)


@dataclass(frozen=True)
class Band:
    """A stretch beneath the curve, by the points it begins and ends at; left and width in the box of the curve."""

    first: int
    last: int
    left: float
    width: float


def place_of(curve: Curve, at: datetime) -> tuple[int, float]:
    """The point that an instant falls to and how far from the left it is, to the second.

    A curve goes from the first sale to the last: what was before or after stands at its edge.
    """
    last = len(curve.points) - 1
    along = (at - curve.points[0].at) / timedelta(minutes=curve.step_minutes)
    along = min(max(along, 0.0), float(last))
    return int(along), along * WIDTH / last


def band_of(curve: Curve, at: datetime, until: datetime) -> Band | None:
    """From `at` to `until`, cut to the curve; None outside of it. At least a step wide, so that it can be seen."""
    step = timedelta(minutes=curve.step_minutes)
    begins, most = curve.points[0].at, len(curve.points) - 1
    first, last = (at - begins) // step, -((begins - until) // step)
    if last < 0 or first > most:
        return None
    first, last = max(0, first), min(most, max(last, first + 1))
    if first == last:
        first -= 1
    across = WIDTH / most
    return Band(first, last, first * across, (last - first) * across)
