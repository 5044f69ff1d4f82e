"""The page of summaries that are sent by themselves to the reader's own channels."""

from typing import Any, get_args

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.delivery.notices.queries import page_of_channels
from campaign.delivery.notices.schemas import ChannelId, WallTime
from campaign.gate.door import reads, writes
from campaign.gate.wording import in_words
from campaign.insight.standing import change_turn, end, page_of_turns, send_by_itself
from campaign.insight.turns import Every
from campaign.kit.actor import Actor
from campaign.kit.fields import BrandId, ListQuery, Strict
from campaign.kit.paging import LARGEST_LIMIT
from campaign.parties.models import Brand
from campaign.parties.queries import all_of
from campaign.web import forms
from campaign.web.paths import read_id

pages = Blueprint("notice_summaries", __name__, url_prefix="/notices/summaries")

MORNING = "09:00"


class TurnForm(Strict):
    """Which summary is sent when, by which channel; without a brand the hub's is of all."""

    brand_id: BrandId | None = None
    channel_id: ChannelId
    every: Every
    at: WallTime


class TurnChangeForm(Strict):
    """What may change of one that is sent already."""

    channel_id: ChannelId
    every: Every
    at: WallTime


@pages.get("")
@reads("summary.read")
def index(*, db: Session, actor: Actor) -> Response:
    """What is sent by itself, and a form for more."""
    return _index(db, actor, forms.blank(every="day", at=MORNING))


@pages.post("")
@writes("summary.send")
def create(*, db: Session, actor: Actor) -> Response:
    """From its next turn on."""
    form = forms.read(TurnForm, request.form)
    if form.value is not None:
        given = form.value
        with forms.refusals(form, db):
            send_by_itself(db, actor, **forms.columns(given))
    if form.value is None or form.refusal is not None:
        return _index(db, actor, form)
    flash(in_words("done.turn_add", {}), "ok")
    return redirect(url_for("notice_summaries.index"), 303)  # type: ignore[return-value]


@pages.post("/<turn_id>/<any(pause,resume):verb>")
@writes("summary.send")
def hold(*, db: Session, actor: Actor, turn_id: str, verb: str) -> Response:
    """It rests, or goes on with its next turn."""
    change_turn(db, actor, read_id("smt", turn_id), state="paused" if verb == "pause" else "active")
    flash(in_words(f"done.turn_{verb}", {}), "ok")
    return redirect(url_for("notice_summaries.index"), 303)  # type: ignore[return-value]


@pages.post("/<turn_id>/change")
@writes("summary.send")
def change(*, db: Session, actor: Actor, turn_id: str) -> Response:
    """Another channel, another time: from the next turn on."""
    form = forms.read(TurnChangeForm, request.form)
    if form.value is None:
        return _index(db, actor, form)
    change_turn(db, actor, read_id("smt", turn_id), **forms.columns(form.value))
    flash(in_words("done.turn_change", {}), "ok")
    return redirect(url_for("notice_summaries.index"), 303)  # type: ignore[return-value]


@pages.post("/<turn_id>/end")
@writes("summary.send")
def stop(*, db: Session, actor: Actor, turn_id: str) -> Response:
    """It is sent no more."""
    end(db, actor, read_id("smt", turn_id))
    flash(in_words("done.turn_end", {}), "ok")
    return redirect(url_for("notice_summaries.index"), 303)  # type: ignore[return-value]


def _index(db: Session, actor: Actor, form: forms.Form[Any]) -> Response:
    answer = render_template(
        "notices/summaries.html",
        turns=page_of_turns(db, actor).items,
        form=form,
        every=get_args(Every),
        channels=page_of_channels(db, actor, ListQuery(limit=LARGEST_LIMIT)).items,
        brands=all_of(db, actor, Brand) if actor.is_hub else [],
        may_write=allows(actor, "summary.send"),
    )
    return make_response(answer, form.status)
