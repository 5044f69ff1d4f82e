"""create_app: the Flask application, joined and with every route registered."""

from pathlib import Path
from typing import Any, cast

from apiflask import APIFlask
from flask_babel import Babel
from flask_wtf import CSRFProtect

from campaign.api import routes as api_routes
from campaign.api.quick_lane import QuickLane
from campaign.gate.identity import identify
from campaign.gate.limits import limiter
from campaign.gate.locale import pick_locale
from campaign.gate.problems import handle_errors
from campaign.kit.collector import spare_the_collector
from campaign.kit.parts import Parts
from campaign.sales.intake import Intake
from campaign.web import headers, pages
from campaign.web.cookies import PageSessions
from campaign.web.errors import error_page
from campaign.wiring import wire
from config.logging import configure
from config.settings import load

ROOT = Path(__file__).resolve().parent.parent


def create_app(parts: Parts | None = None) -> APIFlask:
    """The application. Without `parts` it reads the environment and wires itself (the web server's way)."""
    serving = parts is None
    parts = parts or _from_environment()
    app = APIFlask(
        "campaign",
        title="Xinji Live",
        version="1",
        spec_path=None,
        docs_path=None,
        json_errors=False,
        root_path=str(ROOT / "campaign"),
        template_folder=str(ROOT / "templates"),
        # Assets go out by campaign.web.assets, under hashed names.
        static_folder=cast(Any, None),
    )
    app.config.update(
        SETTINGS=parts.settings,
        SECRET_KEY=parts.settings.secret_key,
        SESSION_COOKIE_NAME="xinji_form",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=parts.settings.secure_cookies,
        # Forms stay open on a planner's screen for a whole shift.
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        BABEL_DEFAULT_LOCALE=parts.settings.default_locale,
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"),
        RATELIMIT_STORAGE_URI=parts.settings.redis_url,
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 1, "socket_timeout": 1},
        MAX_CONTENT_LENGTH=64 * 1024 * 1024,
        OPENAPI_VERSION="3.1.0",
    )
    app.session_interface = PageSessions()
    app.extensions["parts"] = parts
    app.extensions["intake"] = Intake(parts.database, parts.settings.secret_key)
    Babel(app, locale_selector=pick_locale)
    csrf = CSRFProtect(app)
    app.before_request(identify)
    limiter.init_app(app)
    api_routes.register(app, csrf)
    pages.register(app)
    handle_errors(app, error_page)
    lane = QuickLane(app, [*headers.ALWAYS.items(), headers.NOT_KEPT])
    app.wsgi_app = lane  # type: ignore[method-assign, assignment]
    if serving:
        spare_the_collector()
    return app


def _from_environment() -> Parts:
    settings = load()
    configure(settings.log_level, as_json=settings.log_json)
    return wire(settings)
