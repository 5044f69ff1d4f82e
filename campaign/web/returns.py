"""Curves of what comes back as SVG paths, drawn on the server. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaign.insight.curves import HEIGHT, WIDTH
from campaign.insight.returning import OLDEST, Returns

_ROUND = 1000
"""The upper edge is a whole number of tenths."""


@dataclass(frozen=True)
class Drawing:
    """Paths in a box of WIDTH by HEIGHT, one a curve; `top` is the rate at its upper edge, `last` its last age."""

    curves: Sequence[Returns]
    paths: Sequence[str]
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
    return Drawing(curves, [_path(one, top, last) for one in curves], top, last)


def _path(curve: Returns, top: int, last: int) -> str:
    places = [
        f"{point.age / last * WIDTH:.1f} {HEIGHT - max(0, point.rate) / top * HEIGHT:.1f}"
        for point in curve.points
        if point.rate is not None
    ]
    return f"M{'L'.join(places)}" if places else ""
