"""The waiting list: who waits for what, which places are held, and for how long."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.accounts.policy import allows
from campaign.gate.door import reads, writes
from campaign.gate.wording import in_words
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid
from campaign.kit.instants import parse_day, written
from campaign.kit.numbers import whole
from campaign.parties.queries import today
from campaign.schedule.waiting import line
from campaign.schedule.waiting.queries import get_entry, line_of, page_of_entries
from campaign.schedule.waiting.schemas import EntryIn
from campaign.web import forms
from campaign.web.hub import options
from campaign.web.paths import read_id
from campaign.web.show import zone

pages = Blueprint("hub_waiting", __name__, url_prefix="/hub/waiting")

ROWS = 3
_LISTS = ("brand_ids", "studio_ids", "host_ids")


@pages.get("")
@reads("waiting.read")
def index(*, db: Session, actor: Actor) -> str:
    """Places held first, by when they lapse; then the line in its order; then what came of the last ones."""
    over = [
        one
        for state in ("taken", "expired")
        for one in page_of_entries(db, actor, limit=20, state=state).items
    ]
    return render_template(
        "hub/waiting.html",
        line=line_of(db, actor),
        over=over,
        brands=dict(options.brands(db, actor)),
        studios=dict(options.studios(db, actor)),
        hosts=dict(options.hosts(db, actor)),
        may_write=allows(actor, "waiting.write"),
    )


@pages.get("/new")
@reads("waiting.write")
def new(*, db: Session, actor: Actor) -> Response:
    """An empty form; minutes, a day and who takes part may come from the search for free places."""
    first: dict[str, Any] = {
        "minutes": request.args.get("minutes", "180"),
        "priority": "5",
        "platform": "douyin",
    }
    first |= {name: request.args.getlist(name) for name in _LISTS}
    first["windows__0__day"] = request.args.get("day", today(db, actor).isoformat())
    first |= {"windows__0__from": "19:00", "windows__0__to": "23:00"}
    return _form(db, actor, forms.blank(**first))


@pages.post("/new")
@writes("waiting.write")
def join(*, db: Session, actor: Actor) -> Response:
    """Put a wish in line."""
    form = forms.read(EntryIn, request.form, build=lambda typed: given_in(typed, zone()))
    made = None
    if form.value is not None:
        with forms.refusals(form, db):
            made = line.join(db, actor, form.value)
    if made is None:
        return _form(db, actor, form)
    flash(_("In line. A place that is free is held within seconds."), "ok")
    return _back()


@pages.post("/<entry_id>/<verb>")
@writes("waiting.write")
def act(*, db: Session, actor: Actor, entry_id: str, verb: str) -> Response:
    """take, pass or withdraw."""
    form: forms.Form[Any] = forms.Form(request.form)
    acts = {"take": line.take, "pass": line.pass_up, "withdraw": line.withdraw}
    act_on = acts.get(verb)
    if act_on is None:
        raise Invalid([FieldError("verb", "choice", {"allowed": ", ".join(acts)})])
    number = read_id("wai", entry_id)
    with forms.refusals(form, db):
        act_on(db, actor, number)
    if form.refusal is not None:
        flash(in_words(form.refusal.error_code, form.refusal.params), "bad")
        return _back()
    if verb == "take":
        session_id = get_entry(db, actor, number).row.session_id
        flash(_("Booked. Offer it next, or confirm it where nobody has to be asked."), "ok")
        return redirect(url_for("hub_sessions.show", session_id=ids.public_or_none("ses", session_id)), 303)  # type: ignore[return-value]
    flash(_("Given to the next in line.") if verb == "pass" else _("Withdrawn."), "ok")
    return _back()


def given_in(typed: "MultiDict[str, str]", hub_zone: ZoneInfo) -> dict[str, Any]:
    """What was typed, as the schema takes it: a day and two times make a window."""
    given = forms.folded(typed, _LISTS)
    faults: list[FieldError] = []
    for name in ("minutes", "priority"):
        text = given.get(name, "")
        number = whole(text, 5)
        if number is not None:
            given[name] = number
        elif text:
            faults.append(FieldError(name, "number", {"least": 1, "most": 1440}))
    rows = [row for row in given.pop("windows", []) if row.get("day")]
    given["windows"] = [_window(at, row, hub_zone, faults) for at, row in enumerate(rows)]
    if faults:
        raise Invalid(faults)
    return given


def _window(at: int, row: dict[str, str], hub_zone: ZoneInfo, faults: list[FieldError]) -> dict[str, str]:
    try:
        day = parse_day(row["day"])
    except ValueError:
        faults.append(FieldError(f"windows.{at}.day", "day"))
        return {}
    times = []
    for name in ("from", "to"):
        try:
            times.append(time.fromisoformat(row.get(name, "")))
        except ValueError:
            faults.append(FieldError(f"windows.{at}.{name}", "clock_time"))
    if len(times) < 2:
        return {}
    # An end at or before the start lies on the next day, as everywhere.
    ends_on = day + timedelta(days=times[1] <= times[0])
    return {
        "from": written(datetime.combine(day, times[0], tzinfo=hub_zone)),
        "to": written(datetime.combine(ends_on, times[1], tzinfo=hub_zone)),
    }


def _back() -> Response:
    return redirect(url_for("hub_waiting.index"), 303)  # type: ignore[return-value]


def _form(db: Session, actor: Actor, form: forms.Form[Any]) -> Response:
    answer = render_template(
        "hub/waiting_form.html",
        form=form,
        rows=ROWS,
        brands=options.brands(db, actor),
        studios=options.studios(db, actor),
        hosts=options.hosts(db, actor),
        agencies=options.agencies(db, actor),
        campaigns=options.campaigns(db, actor),
        accounts=options.accounts(db, actor),
        platforms=options.platforms(),
    )
    return make_response(answer, 422 if form.errors else form.status)
