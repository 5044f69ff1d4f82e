"""No input to the sessions' routes makes a 500: every field replaced by every kind of nonsense."""

from datetime import timedelta
from typing import Any

import pytest

from campaign.kit.ids import public
from campaign.kit.instants import written
from tests.factory import HUB

NONSENSE: list[Any] = [
    None,
    True,
    0,
    -1,
    2**63,
    10**40,
    1.5,
    "",
    " ",
    "\u202e",
    "a" * 6000,
    "ses_00000000000z9",
    "std_zzzzzzzzzzzzz",
    "9999-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    "2026-11-11T20:00:00+99:00",
    [],
    [[]],
    [None],
    {},
    {"reason": ""},
    {"a": {"b": []}},
]
QUERIES = [
    "%00",
    "%FF",
    "a" * 600,
    "-1",
    "0",
    "999999999999999999999",
    "2026-13-01",
    "null",
    "1e9",
    "%F0%9F%98%80",
]


@pytest.fixture
def body(stage):
    starts_at = stage.given().starts_at
    return {
        "title": "专场",
        "studio_id": public("std", stage.studio.id),
        "brand_ids": [public("brd", stage.brand.id)],
        "starts_at": written(starts_at),
        "ends_at": written(starts_at + timedelta(hours=3)),
        "campaign_id": None,
        "notes": "",
        "hold_until": None,
        "channels": [{"platform": "douyin", "room_ids": ["1"]}],
        "participants": [{"host_id": public("hst", stage.signed.id), "from": written(starts_at)}],
        "lineup": [{"product_id": public("prd", stage.product.id), "live_price_fen": 1, "currency": "CNY"}],
        "override": {"reason": "试"},
    }


def spoiled(value: Any) -> Any:
    """The value with each of its parts, in turn, replaced by each piece of nonsense."""
    yield from NONSENSE
    if isinstance(value, dict):
        for name, part in value.items():
            for other in spoiled(part):
                yield value | {name: other}
    elif isinstance(value, list) and value:
        for other in spoiled(value[0]):
            yield [other]


def statuses(call, method, path, bodies):
    found = set()
    for one in bodies:
        answer = call(HUB, method, path, json=one)
        assert answer.status_code < 500, (path, one, answer.data)
        found.add(answer.status_code)
    return found


@pytest.mark.timeout(300)
def test_nonsense_in_a_check_is_refused_field_by_field(call, body):
    assert statuses(call, "POST", "/sessions/check", spoiled(body)) <= {200, 400, 422}


def test_nonsense_in_verbs_is_refused(call, stage):
    made = stage.book()
    path = f"/sessions/{public('ses', made.id)}"
    given = {
        "offer": {"deadline_at": None},
        "accept": {"reason": "", "participant_id": None},
        "counter": {"starts_at": None, "ends_at": None, "reason": ""},
        "cancel": {"code": "other", "reason": 1},
        "correct": {
            "reason": 1,
            "state": "live",
            "actual_starts_at": None,
            "channels": [],
            "participants": [],
        },
        "review": {"review": 1},
        "swap": {"with": 1},
    }
    for verb, fields in given.items():
        found = statuses(call, "POST", f"{path}/{verb}", [{name: bad} for name in fields for bad in NONSENSE])
        assert found <= {200, 400, 404, 409, 422}
    assert statuses(call, "POST", "/sessions/bulk", [{"verb": "offer", "ids": bad} for bad in NONSENSE]) == {
        422
    }


@pytest.mark.parametrize(
    "name", ["from", "to", "state", "studio_id", "cursor", "limit", "updated_since", "x"]
)
def test_nonsense_in_queries_is_refused(call, name):
    for bad in QUERIES:
        for path in ("/sessions", "/slots"):
            assert call(HUB, "GET", f"{path}?{name}={bad}").status_code in (200, 422)


@pytest.mark.parametrize(
    "text", ["x", "ses_", "ses_../..", "ses_zzzzzzzzzzzzz", "%00", "%F0%9F%98%80", "std_0000000000001"]
)
def test_ids_nobody_gave_are_not_there(call, text):
    assert call(HUB, "GET", f"/sessions/{text}").status_code == 404
    assert call(HUB, "POST", f"/sessions/{text}/offer").status_code == 404
