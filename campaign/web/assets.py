"""Our css and js under names that carry their hash, so that browsers may keep them for ever."""

import hashlib
import mimetypes
import re
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, abort, url_for
from werkzeug.security import safe_join

from campaign.gate.door import public

FOLDER = Path(__file__).resolve().parents[2] / "static"
_HASHED = re.compile(r"(?P<stem>.+)\.(?P<digest>[0-9a-f]{10})\.(?P<ending>[a-z0-9]+)")
_YEAR_SECONDS = 365 * 24 * 3600

pages = Blueprint("assets", __name__)


@lru_cache(maxsize=256)
def _digest(path: Path, _changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def hashed_name(name: str, folder: Path = FOLDER) -> str | None:
    """css/main.css → css/main.3f2a91bc07.css; None when the file is not there (an asset not installed)."""
    path = folder / name
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError:
        return None
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{_digest(path, changed_ns)}.{ending}"


def asset(name: str) -> str | None:
    """Address of an asset for templates, or None when it is not installed."""
    hashed = hashed_name(name)
    return None if hashed is None else url_for("assets.serve", name=hashed)


@pages.get("/assets/<path:name>")
@public
def serve(name: str) -> Response:
    """One asset. Only the present hash is kept for ever; an older page's name still finds the file."""
    match = _HASHED.fullmatch(name)
    if match is None:
        abort(404)
    plain = f"{match['stem']}.{match['ending']}"
    path = safe_join(str(FOLDER), plain)
    if path is None or not Path(path).is_file():
        abort(404)
    kind = mimetypes.guess_type(plain)[0] or "application/octet-stream"
    answer = Response(Path(path).read_bytes(), mimetype=kind)
    if hashed_name(plain) == name:
        answer.cache_control.max_age = _YEAR_SECONDS
        answer.cache_control.public = True
        answer.cache_control.immutable = True
    else:
        answer.cache_control.no_cache = True
    return answer
