"""Signing in and out, and each role's way to its first screen."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from pydantic import Field

from campaign.accounts.sign_ins import LASTS, WrongPassword, sign_in, sign_out
from campaign.gate.clients import client_key
from campaign.gate.current import parts
from campaign.gate.door import opened, public, reads
from campaign.gate.identity import COOKIE, find_actor
from campaign.gate.limits import limiter
from campaign.kit.actor import SYSTEM
from campaign.kit.fields import Strict
from campaign.web import forms
from campaign.web.menu import start_of
from campaign.web.targets import own_page

pages = Blueprint("account_login", __name__)


def _who_knocks() -> str:
    """One address trying one account: a whole base signs in from behind one address."""
    return f"{client_key()} {request.form.get('email', '').strip().lower()[:200]}"


class Credentials(Strict):
    """What the login form sends."""

    email: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=200)
    next: str = Field(default="", max_length=2000)


@pages.get("/")
@reads("home")
def home(*, db: object, actor: object) -> Response:
    """To the role's first screen."""
    return redirect(url_for(start_of(actor)), 302)  # type: ignore[arg-type, return-value]


@pages.get("/login")
@public
def form() -> Response:
    """The login form; who is signed in already goes on."""
    if find_actor() is not None:
        return redirect(own_page(request.args.get("next")), 302)  # type: ignore[return-value]
    return _page(forms.blank(next=own_page(request.args.get("next"))), 200)


@pages.post("/login")
@limiter.limit("20 per minute; 200 per day", key_func=_who_knocks)
@limiter.limit("120 per minute")
@public
def enter() -> Response:
    """Open a sign-in and hand out its cookie."""
    given = forms.read(Credentials, request.form)
    if given.value is None:
        return _page(given, 422)
    with opened(SYSTEM) as db:
        agent = request.headers.get("User-Agent", "")
        token = sign_in(db, given.value.email, given.value.password, user_agent=agent)
    if token is None:
        given.refuse(WrongPassword())
        return _page(given, 401)
    answer = redirect(own_page(given.value.next), 303)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=parts().settings.secure_cookies,
    )
    return answer  # type: ignore[return-value]


@pages.post("/logout")
@public
def leave() -> Response:
    """Revoke the sign-in: its cookie is worth nothing afterwards."""
    token = request.cookies.get(COOKIE, "")
    if token:
        with opened(SYSTEM) as db:
            sign_out(db, token)
    answer = redirect(url_for("account_login.form"), 303)
    answer.delete_cookie(COOKIE)
    return answer  # type: ignore[return-value]


def ask_to_sign_in() -> Response:
    """What a stranger gets for a page: the login form that leads back, or the plain refusal of a POST."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect(url_for("account_login.form", next=None if wanted == "/" else wanted), 302)  # type: ignore[return-value]


def _page(given: forms.Form[Credentials], status: int) -> Response:
    return make_response(render_template("account/login.html", form=given), status)
