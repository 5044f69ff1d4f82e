"""The screen on the wall: every studio's now and next, without signing in, without prices or sales."""

from flask import Blueprint, render_template

from campaign.gate.current import parts
from campaign.gate.door import opened, public
from campaign.kit.actor import SYSTEM
from campaign.live.walls import check_wall, read_wall

pages = Blueprint("wall", __name__, url_prefix="/wall")


@pages.get("/<token>")
@public
def show(token: str) -> str:
    """The token is checked before anything is read; the page asks for itself again every 20 s."""
    with opened(SYSTEM, readonly=True) as db:
        hub = check_wall(db, parts().settings.secret_key, token)
        now, lines = read_wall(db, SYSTEM)
        busy = [line for line in lines if line.now or line.next]
        free = [line for line in lines if not (line.now or line.next)]
        return render_template("wall/screen.html", hub=hub, now=now, busy=busy, free=free, link=token)
