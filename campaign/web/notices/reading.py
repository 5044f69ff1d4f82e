"""The notices page: what was told to the reader's party, and who sees to it."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.delivery.notices import actions, queries
from campaign.delivery.notices.schemas import NoticeQuery
from campaign.delivery.notices.whose import party_of
from campaign.gate.door import reads, writes
from campaign.gate.notices import link_of
from campaign.kit.actor import Actor
from campaign.kit.errors import NotFound
from campaign.kit.instants import parse
from campaign.live.alerts import acknowledge_notice
from campaign.outbox.notices import FOR_PARTY, group_of
from campaign.web.paths import read_id
from campaign.web.targets import own_page
from campaign.web.verbs import attempt

pages = Blueprint("notices", __name__, url_prefix="/notices")

ANSWERABLE = frozenset(("alert", "arrival", "deadline"))
"""Groups that want somebody to see to them; the others are only to be known."""

_OF_HOSTS = ("reminder", "arrival", "deadline", "change")


@pages.get("")
@reads("notices.read", query=NoticeQuery)
def index(*, db: Session, actor: Actor, query: NoticeQuery) -> str:
    """Newest first, by group or only what is unread."""
    party = party_of(actor)
    audience = party[0] if party else "host"
    page = queries.page_of_notices(db, actor, query)
    return render_template(
        "notices/index.html",
        page=page,
        groups=FOR_PARTY.get(audience, _OF_HOSTS),
        chosen=query.group,
        unread_only=query.unread is True,
        links={
            one.notice.id: link_of(one.notice.kind, audience, one.notice.session_id) for one in page.items
        },
        group_of=group_of,
        answerable=ANSWERABLE,
        may_acknowledge=allows(actor, "notices.acknowledge"),
        may_see_channels=allows(actor, "channels.read"),
    )


@pages.post("/read")
@writes("notices.read")
def read(*, db: Session, actor: Actor) -> Response:
    """Mark all as read that stood there when the page was drawn; what came meanwhile stays unread."""
    try:
        through = parse(request.form.get("through", ""))
    except ValueError:
        raise NotFound from None
    attempt(db, "done.notices_read", lambda: actions.mark_read(db, actor, through=through))
    return redirect(url_for("notices.index"), 303)  # type: ignore[return-value]


@pages.post("/<notice_id>/acknowledge")
@writes("notices.acknowledge")
def acknowledge(*, db: Session, actor: Actor, notice_id: str) -> Response:
    """Say that one sees to it."""
    found = read_id("ntc", notice_id)
    attempt(db, "done.notice_acknowledge", lambda: acknowledge_notice(db, actor, found))
    return redirect(own_page(request.form.get("next"), url_for("notices.index")), 303)  # type: ignore[return-value]
