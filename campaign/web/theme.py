"""Light, dark, or as the device has it: kept in a cookie, so that pages come in the right colours at once."""

from flask import Blueprint, Response, redirect, request

from campaign.gate.door import public
from campaign.web.targets import own_page

COOKIE = "xinji_theme"
CHOICES = ("auto", "light", "dark")
_YEAR_SECONDS = 365 * 24 * 3600

pages = Blueprint("theme", __name__)


def chosen() -> str:
    """`light`, `dark`, or `auto` where nobody chose."""
    found = request.cookies.get(COOKIE, "auto")
    return found if found in CHOICES else "auto"


@pages.post("/theme")
@public
def choose() -> Response:
    """Keep the choice and go back to the page."""
    wanted = request.form.get("theme", "auto")
    answer = redirect(own_page(request.form.get("next")), 303)
    if wanted in CHOICES:
        answer.set_cookie(COOKIE, wanted, max_age=_YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer  # type: ignore[return-value]
