"""The language switch."""

from flask import Blueprint, Response, redirect, request

from campaign.accounts.sign_ins import set_locale
from campaign.gate.door import opened, public
from campaign.gate.identity import find_actor
from campaign.gate.locale import COOKIE
from campaign.kit.actor import SYSTEM
from campaign.web.targets import own_page
from config.settings import LOCALES

pages = Blueprint("account_language", __name__)
_YEAR_SECONDS = 365 * 24 * 3600


@pages.post("/language")
@public
def choose() -> Response:
    """Keep the language, in the account of a signed-in user too, and go back to the page."""
    wanted = request.form.get("locale", "")
    answer = redirect(own_page(request.form.get("next")), 303)
    if wanted in LOCALES:
        actor = find_actor()
        if actor is not None and actor.kind == "user":
            with opened(SYSTEM) as db:
                set_locale(db, actor, wanted)
        answer.set_cookie(COOKIE, wanted, max_age=_YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer  # type: ignore[return-value]
