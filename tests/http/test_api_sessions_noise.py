"""No address of the sessions' routes makes a 500; what stands in bodies is test_corpora_api's matter."""

import pytest

from tests.factory import HUB

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
