"""The wall screen: one secret, revocable address that shows every studio's now and next, and nothing that sells."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.kit.signing import link_token, read_link_token
from campaign.parties.models import Hub
from campaign.schedule.boards import BoardBlock, StudioLine, read_board

WALL = "wall"
_REV = "wall_rev"
_NOW = ("accepted", "ready", "live")
_AHEAD = timedelta(hours=16)
_JUST = timedelta(hours=1)


@dataclass(frozen=True)
class WallLine:
    """A studio with what is on or due now and what comes next."""

    studio: StudioLine
    now: BoardBlock | None
    next: BoardBlock | None


def wall_token(secret_key: bytes, hub: Hub) -> str:
    """The token in the wall's address; renew() makes it void."""
    return link_token(secret_key, WALL, _rev_of(hub))


def check_wall(db: Session, secret_key: bytes, token: str) -> Hub:
    """Raises BadLink, or NotFound where the address was replaced."""
    (rev,) = read_link_token(secret_key, WALL, token, clock.now(db))
    hub = db.get(Hub, 1)
    if hub is None or _rev_of(hub) != rev:
        raise NotFound
    return hub


def renew_wall(db: Session, actor: Actor) -> Hub:
    """A new address; the old one shows nothing from now on."""
    hub = db.get(Hub, 1, with_for_update=True, populate_existing=True)
    if hub is None:
        raise NotFound
    hub.settings = {**hub.settings, _REV: _rev_of(hub) + 1}
    db.flush()
    audit.note(db, actor, "wall.renewed", "hub", hub.id, {"rev": _rev_of(hub)})
    return hub


def read_wall(db: Session, actor: Actor) -> tuple[datetime, list[WallLine]]:
    """The instant it is good for, and every studio in use that has something now or ahead, the others last."""
    now = clock.now(db)
    board = read_board(db, actor, now - _JUST, now + _AHEAD)
    by_studio: dict[int, list[BoardBlock]] = defaultdict(list)
    for block in board.blocks:
        if block.state in _NOW:
            by_studio[block.studio_id].append(block)
    lines = [_line(studio, by_studio[studio.id], now) for studio in board.studios]
    return now, lines


def _line(studio: StudioLine, blocks: list[BoardBlock], now: datetime) -> WallLine:
    """On air first, else what is due within the hour or should have begun; then the next one after it."""
    on_air = [one for one in blocks if one.state == "live"]
    due = [one for one in blocks if one.state != "live" and one.starts_at - _JUST <= now < one.ends_at]
    current = next(iter([*on_air, *due]), None)
    later = [one for one in blocks if one.state != "live" and one is not current and one.starts_at > now]
    return WallLine(studio, current, next(iter(later), None))


def _rev_of(hub: Hub) -> int:
    return int(hub.settings.get(_REV, 1))
