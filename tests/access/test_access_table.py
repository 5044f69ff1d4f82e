"""Every API route, tried by every role on its own, a foreign and an absent thing.

The statuses are committed in table.txt (regenerate by `make access` and read the difference). Bodies are empty,
so a permitted write mostly ends at 422; what matters is where 401, 403 and 404 stand, and that foreign and absent
answer byte for byte the same.
"""

import os
import re
from pathlib import Path

import pytest

from tests.access.world import ROLES, make_world
from tests.factory import keyed

TABLE = Path(__file__).with_name("table.txt")

# The part of the path before an id says what kind of thing it is.
_KIND = {
    "studios": "studio",
    "brands": "brand",
    "agencies": "agency",
    "hosts": "host",
    "shops": "shop",
    "products": "product",
    "platform-accounts": "account",
    "campaigns": "campaign",
    "sessions": "session",
    "series": "series",
    "connectors": "connector",
    "notices": "notice",
    "notice-channels": "channel",
    "plans": "plan",
    "entries": "entry",
    "shares": "share",
    "scheduled-summaries": "turn",
}
_ABSENT = "_00000000000z9"
_PREFIX = {
    "webhook-endpoints": "whe",
    "webhook-deliveries": "whd",
    "imports": "imp",
    "unattributed": "lin",
    "waiting-list": "wai",
    "handovers": "hov",
    "shares": "shr",
    "scheduled-summaries": "smt",
}


def _path(rule: str, ids: dict[str, str] | None) -> str:
    """The rule with its parameters filled; ids None: things that are not there."""

    def fill(match: re.Match[str]) -> str:
        before = rule[: match.start()].rstrip("/").rsplit("/", 1)[1]
        kind = _KIND.get(before)
        if before == "ingest":
            kind = "connector"
        if before == "months":
            return "2020-01"
        if ids is not None and kind in ids:
            return ids[kind]
        prefix = ids_prefix(kind) if kind else _PREFIX.get(before, "xxx")
        return f"{prefix}{_ABSENT}"

    return re.sub(r"<[^>]+>", fill, rule)


def ids_prefix(kind: str) -> str:
    from tests.access.world import _PREFIXES

    return _PREFIXES.get(kind, "con")


def _routes(app):
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods))):
        if rule.rule.startswith("/api/v1"):
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield method, rule.rule


@pytest.mark.timeout(300)
def test_each_route_answers_each_role_as_the_table_says(app, client, database, make):
    world = make_world(make)
    keys = {role: keyed(database, world.actors[role]) for role in ROLES}

    def status(role, method, path):
        # Each call in a savepoint of its own, so that none changes the world for the next.
        savepoint = database._bind.begin_nested()
        headers = {"Authorization": f"Bearer {keys[role]}"} if role != "nobody" else {}
        send = {"json": {}} if method in ("POST", "PATCH", "PUT") else {}
        answer = client.open(path, method=method, headers=headers, **send)
        savepoint.rollback()
        return answer.status_code, answer.data

    lines, leaks = [], []
    for method, rule in _routes(app):
        for role in ("nobody", *ROLES):
            own = status(role, method, _path(rule, world.own))
            tried = [own[0]]
            if "<" in rule:
                foreign = status(role, method, _path(rule, world.foreign))
                absent = status(role, method, _path(rule, None))
                tried += [foreign[0], absent[0]]
                if foreign[0] == 404 and foreign[1] != absent[1]:
                    leaks.append(f"{method} {rule} {role}")
            assert all(code < 500 for code in tried), (method, rule, role, tried)
            lines.append(f"{method:6} {rule.removeprefix('/api/v1'):55} {role:9} {' '.join(map(str, tried))}")
    assert leaks == []
    if os.environ.get("WRITE_ACCESS_TABLE"):
        TABLE.write_text("\n".join(lines) + "\n")
    assert lines == TABLE.read_text().splitlines()
