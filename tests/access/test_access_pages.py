"""Every page, tried by every role on its own, a foreign and an absent thing; the statuses are in pages.txt.

Written anew with WRITE_ACCESS_TABLE=1; read the difference. Forms are sent empty, without token checks.
"""

import os
import re
from pathlib import Path

import pytest

from tests.access.test_access_table import _ABSENT
from tests.access.world import ROLES, make_world
from tests.factory import keyed

TABLE = Path(__file__).with_name("pages.txt")
# Not pages of a person: health, figures for machines, assets.
_NOT = ("/api/", "/assets/", "/healthz", "/readyz", "/metrics", "/openapi")
_PARAMETERS = {
    "session_id": ("session", "ses"),
    "brand_id": ("brand", "brd"),
    "campaign_id": ("campaign", "cmp"),
    "studio_id": ("studio", "std"),
    "host_id": ("host", "hst"),
    "series_id": ("series", "srs"),
    "plan_id": ("plan", "pln"),
    "entry_id": ("entry", "ple"),
    "import_id": ("", "imp"),
    "endpoint_id": ("endpoint", "whe"),
    "delivery_id": ("", "whd"),
    "notice_id": ("notice", "ntc"),
    "channel_id": ("channel", "nch"),
    "alert_id": ("", "alr"),
    "share_id": ("share", "shr"),
    "handover_id": ("", "hov"),
    "turn_id": ("turn", "smt"),
    "slug": ("", "studios"),
    "party_id": ("studio", "std_"),  # of <slug>, which is filled with studios
    "token": ("", "0-1-1.forged"),
}


def _path(rule, known):
    def fill(match):
        name = match[1].rpartition(":")[2]
        if match[1].startswith("any("):
            return match[1][4:].split(",")[0].split(")")[0]
        kind, prefix = _PARAMETERS.get(name, ("", "x"))
        if prefix in ("studios", "0-1-1.forged", "x"):
            return prefix
        return known.get(kind, f"{prefix}{_ABSENT}") if known is not None else f"{prefix}{_ABSENT}"

    return re.sub(r"<([^>]+)>", fill, rule)


def _pages(app):
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods))):
        if not rule.rule.startswith(_NOT):
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield method, rule.rule


@pytest.mark.timeout(300)
def test_each_page_answers_each_role_as_the_table_says(app, database, make):
    # Without cookies: a notice for the last caller is not for the next.
    client = app.test_client(use_cookies=False)
    app.config["WTF_CSRF_ENABLED"] = False
    world = make_world(make)
    keys = {role: keyed(database, world.actors[role]) for role in ROLES}

    def tried(role, method, path):
        savepoint = database._bind.begin_nested()
        headers = {"Authorization": f"Bearer {keys[role]}"} if role != "nobody" else {}
        answer = client.open(path, method=method, headers=headers | {"Accept-Language": "en"})
        savepoint.rollback()
        # Tokens of forms differ each time, and the address itself, or the page it stands under, as it leads back to it.
        body = re.sub(r'name="(csrf_token|next)" value="[^"]*"', "", answer.data.decode(errors="replace"))
        body = body.replace(path, "")
        # Without a Chinese font no picture is drawn: the access was granted all the same.
        lacking = answer.status_code == 503 and "no font with Chinese letters" in body
        return 200 if lacking else answer.status_code, body

    lines, leaks = [], []
    for method, rule in _pages(app):
        for role in ("nobody", *ROLES):
            own = tried(role, method, _path(rule, world.own))
            found = [own[0]]
            if "_id>" in rule:
                foreign = tried(role, method, _path(rule, world.foreign))
                absent = tried(role, method, _path(rule, None))
                found += [foreign[0], absent[0]]
                if foreign[0] == 404 and foreign[1] != absent[1]:
                    leaks.append(f"{method} {rule} {role}")
            assert all(code < 500 for code in found), (method, rule, role, found)
            lines.append(f"{method:4} {rule:75} {role:9} {' '.join(map(str, found))}")
    assert leaks == []
    if os.environ.get("WRITE_ACCESS_TABLE"):
        TABLE.write_text("\n".join(lines) + "\n")
    assert lines == TABLE.read_text().splitlines()
