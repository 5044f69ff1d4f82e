"""The link by which an independent host answers one offer."""

from flask import Blueprint, Response, redirect, render_template, request, url_for

from campaign.gate.current import parts
from campaign.gate.door import opened, public
from campaign.kit.actor import SYSTEM
from campaign.schedule.answering import answer_by_link, read_answer_link
from campaign.web.verbs import attempt

pages = Blueprint("host_answer", __name__, url_prefix="/answer")


@pages.get("/<token>")
@public
def show(token: str) -> str:
    """What is asked, as the host may see it."""
    with opened(SYSTEM, readonly=True) as db:
        session, person = read_answer_link(db, parts().settings.secret_key, token)
    return render_template("host/answer.html", session=session, person=person, link=token)


@pages.post("/<token>/<any(accept,decline):answer>")
@public
def give(token: str, answer: str) -> Response:
    """Answer; the same answer twice is one."""
    reason = request.form.get("reason", "").strip()
    key = parts().settings.secret_key
    with opened(SYSTEM) as db:
        attempt(db, f"done.{answer}", lambda: answer_by_link(db, key, token, answer=answer, reason=reason))
    return redirect(url_for("host_answer.show", token=token), 303)  # type: ignore[return-value]
