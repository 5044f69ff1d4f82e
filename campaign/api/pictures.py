"""Results as a picture to pass on: of a brand's range and of a session."""

from typing import Literal

from apiflask import APIBlueprint
from sqlalchemy.orm import Session

from campaign.api.ids import read_id
from campaign.api.rankings import SpanQuery
from campaign.gate.door import Later, reads
from campaign.gate.reports import range_report, session_report
from campaign.kit.actor import Actor

bp = APIBlueprint("api_pictures", __name__, tag="Sales")


class PictureQuery(SpanQuery):
    """Of which days, and on which basis."""

    basis: Literal["cohort", "cash"] = "cohort"


@bp.get("/brands/<brand_id>/summary/picture")
@reads("summary.read", query=PictureQuery)
def get_range_picture(*, db: Session, actor: Actor, brand_id: str, query: PictureQuery) -> Later:
    """The summary as a PNG in the caller's language (Accept-Language), 1,080 pixels wide.

    It names each figure by its definition, says how far the data is complete and what still matures, and carries its
    words as text. 503 with code no_chinese_font where the server has no font with Chinese letters.
    """
    query.check()
    inner = read_id("brd", brand_id)
    return range_report(db, actor, inner, query.from_day, query.to_day, basis=query.basis).answer()


@bp.get("/sessions/<session_id>/sales/picture")
@reads("sales.read")
def get_session_picture(*, db: Session, actor: Actor, session_id: str) -> Later:
    """A session's result as a PNG, of what the caller may see of it. 409 before it went on air."""
    return session_report(db, actor, read_id("ses", session_id)).answer()
