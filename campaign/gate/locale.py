"""Which language to answer in: the user's, the browser's choice, else the installation's."""

from flask import has_request_context, request

from campaign.gate.current import parts
from campaign.gate.identity import find_user
from config.settings import LOCALES

COOKIE = "xinji_locale"


def pick_locale() -> str:
    """One of settings.LOCALES."""
    if not has_request_context():
        return LOCALES[0]
    chosen = request.cookies.get(COOKIE)
    if chosen in LOCALES:
        return chosen
    user = find_user()
    if user is not None:
        return user.locale
    best = request.accept_languages.best_match(["zh-CN", "zh", "en"])
    if best is None:
        return parts().settings.default_locale
    return "en" if best == "en" else "zh_CN"
