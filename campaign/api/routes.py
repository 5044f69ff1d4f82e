"""The API's routes, gathered: each module beside this one holds one subject's blueprint."""

import importlib
import pkgutil

from apiflask import APIFlask
from flask_wtf import CSRFProtect

from campaign import api

PREFIX = "/api/v1"


def register(app: APIFlask, csrf: CSRFProtect) -> None:
    """Mount every blueprint named `bp` under /api/v1, every `root` at the top. No cookies here: no CSRF token."""
    for module in pkgutil.iter_modules(api.__path__):
        found = importlib.import_module(f"{api.__name__}.{module.name}")
        for name, prefix in (("bp", PREFIX), ("root", None)):
            bp = getattr(found, name, None)
            if bp is not None:
                csrf.exempt(bp)
                app.register_blueprint(bp, url_prefix=prefix)
