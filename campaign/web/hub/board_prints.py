"""What hangs on walls: a sheet for each studio's door, on paper, and the address of the wall screen."""

from collections import defaultdict

import segno
from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from pydantic import model_validator
from sqlalchemy.orm import Session

from campaign.gate.current import parts
from campaign.gate.door import reads, writes
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.fields import Strict, StudioId
from campaign.live.walls import renew_wall, wall_token
from campaign.parties.schemas import Day
from campaign.schedule.boards import BoardBlock, hub_of, read_board
from campaign.schedule.spans import board_day, board_day_of
from campaign.web.show import zone

pages = Blueprint("hub_board_prints", __name__, url_prefix="/hub/board")


class DoorsQuery(Strict):
    """Which day, and one studio or all that have something."""

    day: Day | None = None
    studio: StudioId | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty_is_left_out(cls, given: object) -> object:
        return (
            {name: value for name, value in given.items() if value != ""}
            if isinstance(given, dict)
            else given
        )


@pages.get("/doors")
@reads("hub.pages", query=DoorsQuery)
def doors(*, db: Session, actor: Actor, query: DoorsQuery) -> str:
    """One A4 sheet per studio with its sessions of the day: times, brands, hosts. Called off ones are left out."""
    day = query.day or board_day_of(clock.now(db), zone())
    wanted = [query.studio] if query.studio else []
    board = read_board(db, actor, *board_day(day, zone()), studio_ids=wanted)
    by_studio: dict[int, list[BoardBlock]] = defaultdict(list)
    for block in board.blocks:
        if block.state not in ("cancelled", "no_show"):
            by_studio[block.studio_id].append(block)
    sheets = [(one, by_studio[one.id]) for one in board.studios if by_studio[one.id] or query.studio]
    return render_template("hub/board_doors.html", day=day, sheets=sheets, printed_at=clock.now(db))


@pages.get("/wall")
@reads("sessions.plan")
def wall(*, db: Session, actor: Actor) -> str:
    """The address to open on a screen; whoever has it sees the floor without signing in."""
    settings = parts().settings
    address = f"{settings.base_url}/wall/{wall_token(settings.secret_key, hub_of(db, actor))}"
    code = segno.make(address, error="m").svg_inline(scale=6, border=2, svgclass="qr", lineclass=None)
    return render_template("hub/board_wall.html", address=address, code=code)


@pages.post("/wall/renew")
@writes("sessions.plan")
def renew(*, db: Session, actor: Actor) -> Response:
    """Void the old address."""
    renew_wall(db, actor)
    flash(_("The old address shows nothing any more."), "ok")
    return redirect(url_for("hub_board_prints.wall"), 303)  # type: ignore[return-value]
