"""Campaigns: sessions grouped under dates and a target, with how far it has got."""

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.accounts.policy import allows
from campaign.catalog.models import Campaign
from campaign.catalog.schemas import CampaignIn
from campaign.gate.door import reads, writes
from campaign.insight.progress import campaign_progress
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.fields import ListQuery
from campaign.parties.actions import add
from campaign.parties.queries import get, page_of
from campaign.schedule.queries import page_of_sessions
from campaign.schedule.schemas import SessionFilter
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.hub.campaign_form import FIELDS, given_in
from campaign.web.paths import read_id

pages = Blueprint("hub_campaigns", __name__, url_prefix="/hub/campaigns")


@pages.get("")
@reads("hub.pages", query=ListQuery)
def index(*, db: Session, actor: Actor, query: ListQuery) -> Response:
    """All campaigns and a form for the next one."""
    return _page(db, actor, forms.blank(), query)


@pages.post("")
@writes("parties.write")
def create(*, db: Session, actor: Actor) -> Response:
    """Add one."""
    given = forms.read(CampaignIn, request.form, build=given_in, fields=FIELDS)
    made = None
    if given.value is not None:
        with forms.refusals(given, db):
            made = add(db, actor, Campaign(**forms.columns(given.value)))
    if made is None:
        return _page(db, actor, given, ListQuery())
    flash(_("Added."), "ok")
    return redirect(url_for("hub_campaigns.show", campaign_id=ids.public("cmp", made.id)), 303)  # type: ignore[return-value]


@pages.get("/<campaign_id>")
@reads("hub.pages")
def show(*, db: Session, actor: Actor, campaign_id: str) -> str:
    """Target against paid and net, and its sessions."""
    campaign = get(db, actor, Campaign, read_id("cmp", campaign_id))
    return render_template(
        "hub/campaign.html",
        campaign=campaign,
        progress=campaign_progress(db, actor, campaign.id).totals,
        sessions=page_of_sessions(db, actor, SessionFilter(campaign_id=campaign.id), limit=200).items,
        brands=dict(options.brands(db, actor)),
        may_plan=allows(actor, "sessions.plan"),
    )


def _page(db: Session, actor: Actor, form: forms.Form[Any], query: ListQuery) -> Response:
    answer = render_template(
        "hub/campaigns.html",
        form=form,
        page=page_of(db, actor, Campaign, limit=query.limit, cursor=query.cursor),
        brands=options.brands(db, actor),
        may_write=allows(actor, "parties.write"),
    )
    return make_response(answer, form.status)
