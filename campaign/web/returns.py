"""Curves of what comes back as SVG paths, drawn on the server. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaign.insight.curves import HEIGHT, WIDTH
from campaign.insight.returning import OLDEST, AgePoint, Returns

_ROUND = 1000
"""The upper edge is a whole number of tenths."""


@dataclass(frozen=True)
class Drawing:
    """Paths in a box of WIDTH by HEIGHT; `top` is the rate at its upper edge, `last` its last age.

    paths, early: one a curve each, up to its first early age and from there on; empty where there is nothing of it.
    """

    curves: Sequence[Returns]
    paths: Sequence[str]
    early: Sequence[str]
    top: int
    last: int


def drawings_of(curves: Sequence[Returns]) -> dict[str, Drawing]:
    """A drawing per currency, all curves of it on one scale."""
    return {
        currency: _drawing([one for one in curves if one.currency == currency])
        for currency in dict.fromkeys(one.currency for one in curves)
    }


def _drawing(curves: Sequence[Returns]) -> Drawing:
    highest = max((point.rate or 0 for one in curves for point in one.points), default=0)
    top = max(_ROUND, -(-highest // _ROUND) * _ROUND)
    last = max((point.age for one in curves for point in one.points), default=0) or OLDEST
    drawn = [_paths(one, top, last) for one in curves]
    return Drawing(curves, [path for path, _ in drawn], [path for _, path in drawn], top, last)


def _paths(curve: Returns, top: int, last: int) -> tuple[str, str]:
    told = [point for point in curve.points if point.rate is not None]
    firm = sum(not point.early for point in told)
    # The early part begins where the other ends: no gap between them.
    return _path(told[:firm], top, last), _path(
        told[max(0, firm - 1) :] if firm < len(told) else [], top, last
    )


def _path(points: Sequence[AgePoint], top: int, last: int) -> str:
    places = [
        f"{point.age / last * WIDTH:.1f} {HEIGHT - max(0, point.rate or 0) / top * HEIGHT:.1f}"
        for point in points
    ]
    return f"M{'L'.join(places)}" if places else ""
