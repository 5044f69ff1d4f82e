"""Each field of each write of the API, made from the served document, takes each hostile value or refuses it whole."""

import json
import re
from datetime import timedelta

import pytest

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.instants import written
from tests.access.world import make_world
from tests.factory import ADMIN, keyed
from tests.http.corpora import Watch, as_json, sample

HOLE = "@@hole@@"
# Sales come in by a door of their own, with tests of their own.
_NOT = ("/ingest/", "/imports", "/connectors/tiktok-shop/", "/connectors/douyin/")
# The part of the path before an id → the prefix of that id.
_PATHS = {
    "agencies": "agc", "brands": "brd", "campaigns": "cmp", "connectors": "con", "crew-pools": "crw",
    "hosts": "hst", "notice-channels": "nch", "notices": "ntc", "platform-accounts": "acc", "products": "prd",
    "sessions": "ses", "shops": "shp", "studios": "std", "unattributed": "lin", "waiting-list": "wai",
    "webhook-deliveries": "whd", "webhook-endpoints": "whe", "proposals": "prp", "plans": "pln", "entries": "ple",
    "series": "srs", "shares": "shr", "scheduled-summaries": "smt",
    "handovers": "hov",
}  # fmt: skip
# Texts that must be words of their own kind.
_WORDS = {
    "currency": "CNY", "url": "https://example.com/x", "address": "https://example.com/x", "language": "en",
    "base_url": "https://example.com/x",
    "from": "10:00", "to": "18:00", "opens": "10:00", "closes": "18:00",
    "rule": "FREQ=DAILY;COUNT=2", "starts": "10:00", "ends": "18:00",
    "quiet_from": "22:00", "quiet_to": "08:00", "event_types": "*", "at": "09:00", "month": "2020-02",
}  # fmt: skip
# What one field asks of another, and no schema says.
_BESIDE = {
    ("post", "/hosts"): {"kind": "signed"},
    ("post", "/connectors"): {"kind": "tiktok_shop"},
    ("post", "/campaigns"): {"parent_id": None},
    ("post", "/unattributed/{line_id}/assign"): {"line_id": None},
    ("patch", "/campaigns/{campaign_id}"): {"parent_id": None},
    ("patch", "/sessions/{session_id}"): {"hold_until": None},
    ("post", "/plans/{plan_id}/entries"): {"session_id": None, "change": None, "cancel": None},
    ("put", "/plans/{plan_id}/entries/{entry_id}"): {"session_id": None, "change": None, "cancel": None},
}
# Refused as they stand, for what the world is: nobody follows, nothing was sold.
_NOT_NOW = re.compile(r"/push$")


class Bodies:
    """Bodies that fit the document's schemas, filled from ids that are there."""

    def __init__(self, document, known, now):
        self.schemas, self.known = document["components"]["schemas"], known
        self.soon = now + timedelta(days=5)

    def of(self, schema, name=""):
        """A value of that shape."""
        schema = self._plain(schema)
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        kind = schema.get("type")
        if kind == "object":
            return {key: self.of(part, key) for key, part in schema.get("properties", {}).items()}
        if kind == "array":
            return [self.of(schema["items"], name)]
        if kind in ("integer", "number"):
            return max(schema.get("minimum", 1), 1)
        return False if kind == "boolean" else self._text(schema, name)

    def _plain(self, schema):
        while True:
            if "$ref" in schema:
                schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
            elif "anyOf" in schema or "oneOf" in schema:
                schema = next(p for p in schema.get("anyOf", schema.get("oneOf")) if p.get("type") != "null")
            else:
                return schema

    def _text(self, schema, name):
        prefix = re.fullmatch(r"\^([a-z]{3})_.*", schema.get("pattern", ""))
        if prefix:
            return self.known.get(prefix[1], f"{prefix[1]}_00000000000z9")
        if name in _WORDS and schema.get("format") not in ("date-time", "date"):
            return _WORDS[name]
        late = {"ends_at": 3, "to": 3, "ends_on": 72}.get(name, 0)
        moment = self.soon + timedelta(hours=late)
        if schema.get("format") == "date-time":
            return written(moment)
        if schema.get("format") == "date":
            return moment.date().isoformat()
        return "10" * schema.get("minLength", 1)


def holes(value):
    """The body with a hole in place of each of its parts, in turn, and the path of that part."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield key, value | {key: HOLE}
            for path, other in holes(part):
                yield f"{key}.{path}", value | {key: other}
    elif isinstance(value, list):
        for path, other in holes(value[0]):
            yield f"0.{path}", [other]


def written_path(path, known):
    def fill(match):
        prefix = _PATHS[path[: match.start()].rstrip("/").rsplit("/", 1)[1]]
        return known.get(prefix, f"{prefix}_00000000000z9")

    return re.sub(r"{\w+}", fill, path)


@pytest.fixture
def writes(client, database, make):
    """(method, path, body) of each write, the ids in both those of things that are there."""
    document = json.loads(client.get("/api/v1/openapi.json").data)
    world = make_world(make)
    known = {one.split("_")[0]: one for one in world.own.values()}
    with database.transaction(SYSTEM) as db:
        # Another session than the one of the path, for verbs that take two.
        bodies = Bodies(document, known | {"ses": world.foreign["session"]}, clock.now(db))
    headers = {"Authorization": f"Bearer {keyed(database, ADMIN)}"}
    for name in (
        "crew-pools",
        "webhook-endpoints",
        "waiting-list",
        "plans",
        "notice-channels",
        "scheduled-summaries",
    ):
        operation = document["paths"][f"/api/v1/{name}"]["post"]["requestBody"]["content"]["application/json"]
        made = client.post(f"/api/v1/{name}", headers=headers, json=bodies.of(operation["schema"]))
        known[_PATHS[name]] = bodies.known[_PATHS[name]] = made.json["id"]
    entry = {"kind": "cancel", "session_id": known["ses"], "cancel": {"code": "weather"}}
    made = client.post(f"/api/v1/plans/{known['pln']}/entries", headers=headers, json=entry)
    known["ple"] = made.json["entries"][0]["id"]
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content and method in ("post", "put", "patch") and not any(part in path for part in _NOT):
                beside = _BESIDE.get((method, path.removeprefix("/api/v1")), {})
                body = bodies.of(content["schema"]) | beside
                if path.startswith("/api/v1/plans/") and "book" in body:
                    # Reasons are the release's.
                    body["book"].pop("override")
                if path.endswith("/products/{product_id}/brands"):
                    # The first has it since ever.
                    body["items"][0]["starts_on"] = None
                if path.startswith("/api/v1/series"):
                    for channel in body.get("channels", ()):
                        # Rooms are a single date's.
                        channel.pop("room_ids")
                found.append((method, written_path(path, known), body))
    return found


def attack(client, database, writes, share):
    headers = {"Authorization": f"Bearer {keyed(database, ADMIN)}", "Content-Type": "application/json"}
    watch = Watch(database)
    fields = 0
    for method, path, body in writes:
        with watch:
            for name, holed in holes(body):
                fields += 1
                pattern = json.dumps(holed)
                for value in sample(as_json(), f"{method}{path}{name}", share):
                    spoiled = pattern.replace(json.dumps(HOLE), value)
                    watch.tell(
                        lambda: client.open(path, method=method, headers=headers, data=spoiled.encode()),  # noqa: B023 - called at once
                        (method, path, name, value[:80]),
                        done=range(200, 300),
                    )
    return fields, watch.statuses


@pytest.mark.timeout(300)
def test_a_hostile_value_in_any_field_is_taken_or_refused_whole(client, database, writes):
    fields, statuses = attack(client, database, writes, 0.4)
    assert fields > 150
    assert {200, 201, 422} <= set(statuses), statuses


@pytest.mark.nightly
@pytest.mark.timeout(7200)
def test_every_hostile_value_in_every_field_is_taken_or_refused_whole(client, database, writes):
    fields, statuses = attack(client, database, writes, None)
    assert fields > 150
    assert {200, 201, 422} <= set(statuses), statuses


def test_the_bodies_before_they_are_spoiled_are_whole(client, database, writes):
    """Else all would be refused for another reason, and no field be reached."""
    headers = {"Authorization": f"Bearer {keyed(database, ADMIN)}"}
    faulty = []
    for method, path, body in writes:
        savepoint = database._bind.begin_nested()
        answer = client.open(path, method=method, headers=headers, json=body)
        savepoint.rollback()
        if answer.status_code in (400, 422) and not _NOT_NOW.search(path):
            faulty.append((method, path, answer.json["errors"]))
    assert faulty == []


def test_a_refusal_that_leaves_a_row_is_seen(client, database, stage):
    def half_stored():
        stage.make.brand()
        return client.get("/nothing-here")

    watch = Watch(database)
    with watch:
        watch.tell(lambda: client.get("/nothing-here"), "nothing slipped in")
    watch.__enter__()
    watch.tell(half_stored, "a brand slipped in")
    with pytest.raises(AssertionError, match="brand"):
        watch.__exit__(None)
