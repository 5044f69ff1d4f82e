"""The pages' routes, gathered: every module below this package that holds a blueprint named `pages`."""

import importlib
import pkgutil
from typing import Any

from flask import Flask
from jinja2 import pass_context
from jinja2.runtime import Context

from campaign import web
from campaign.gate.identity import find_actor, find_user
from campaign.gate.locale import pick_locale
from campaign.gate.wording import in_words
from campaign.web import assets, bell, headers, menu, show, theme, zone
from campaign.web.targets import this_page, with_query


def register(app: Flask) -> None:
    """Mount the pages with what their templates use. Every form carries a token: nothing is exempt."""
    show.register(app)
    headers.register(app)
    zone.register(app)
    bell.register(app)
    app.jinja_env.globals.update(asset=assets.asset, this_page=this_page, with_query=with_query)
    app.jinja_env.filters["word"] = word
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(common)
    for module in pkgutil.walk_packages(web.__path__, f"{web.__name__}."):
        pages = getattr(importlib.import_module(module.name), "pages", None)
        if pages is not None:
            app.register_blueprint(pages)


def common() -> dict[str, Any]:
    """What every template may use."""
    return {
        "actor": find_actor(),
        "user": find_user(),
        "locale": pick_locale(),
        "menu": menu.links,
        "theme": theme.chosen(),
    }


# Without a context Jinja works out a constant's word ('level.hard'|word) once, in the first reader's language.
@pass_context
def word(_context: Context, code: str, **params: Any) -> str:
    """A code (state.live, studio_taken) in the reader's language."""
    return in_words(code, params)
