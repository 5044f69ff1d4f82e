"""The board: a day from 06:00 to 06:00 or a week, by studio or by host."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from sqlalchemy.orm import Session

from campaign.gate.bodies import read_body
from campaign.gate.door import reads
from campaign.kit.actor import Actor
from campaign.kit.fields import Strict
from campaign.schedule.states import STATES
from campaign.web.hub.board_page import BoardPage, heading, hours_of, read_page
from campaign.web.hub.board_query import FILTERS, BoardQuery
from campaign.web.hub.board_undo import undo_of
from campaign.web.hub.layout import slots_of

pages = Blueprint("hub_board", __name__, url_prefix="/hub/board")

ROWS_COOKIE = "xinji_rows"
_YEAR_SECONDS = 365 * 24 * 3600
# So few rows fit on a screen with roomy ones.
_FEW = 12


class KnownRows(Strict):
    """What the script has: row key → sum of what it was drawn from."""

    sums: dict[str, str]
    phone: bool = False


@pages.get("")
@reads("hub.pages", query=BoardQuery)
def index(*, db: Session, actor: Actor, query: BoardQuery) -> Response:
    """The board; the height of its rows is kept in a cookie."""
    page = read_page(db, actor, query)
    answer = make_response(render_template("hub/board.html", **_values(page)))
    if query.rows is not None:
        answer.set_cookie(ROWS_COOKIE, query.rows, max_age=_YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer


@pages.post("/rows")
@reads("hub.pages", query=BoardQuery)
def rows(*, db: Session, actor: Actor, query: BoardQuery) -> dict[str, Any]:
    """What has changed since: rows whose sum is another, the order of all, the counts."""
    body = read_body(KnownRows)
    page = read_page(db, actor, query)
    return {
        "now": page.now_slot,
        "keys": [row.key for row in page.rows],
        "rows": [row._asdict() for row in page.rows if body.sums.get(row.key) != row.sum],
        "counts": dict(page.counts),
        "list": render_template("hub/board_list.html", **_values(page)) if body.phone else None,
    }


def _values(page: BoardPage) -> dict[str, Any]:
    step = timedelta(days=len(page.days))
    return {
        "page": page,
        "query": page.query,
        "heading": heading(page),
        "before": page.days[0] - step,
        "after": page.days[0] + step,
        "roomy": _roomy(page),
        "states": STATES,
        "hours": hours_of(page.span) if page.query.view == "day" else [],
        "slots": slots_of(page.span),
        "filters": [name for name in FILTERS if name != "q"],
        "undo": undo_of(page.query.undo) if page.may_plan else None,
    }


def _roomy(page: BoardPage) -> bool:
    wanted = page.query.rows or request.cookies.get(ROWS_COOKIE)
    return wanted == "48" or (wanted != "24" and len(page.rows) <= _FEW)
