"""Parties over the API: made by name alone, changed with If-Match, archived, listed by cursor."""

from tests.factory import HUB


def test_a_name_is_enough_to_make_a_studio(call):
    answer = call(HUB, "POST", "/studios", json={"name": "直播间 A"})
    assert answer.status_code == 201, answer.json
    assert answer.json["name"] == "直播间 A"
    assert answer.json["id"].startswith("std_")
    assert answer.headers["Location"].endswith(answer.json["id"])
    again = call(HUB, "GET", f"/studios/{answer.json['id']}")
    assert again.json == answer.json
    assert again.headers["ETag"] == '"v1"'
