"""The board for programs."""

import json
from datetime import timedelta

from campaign.api.board import BoardOut
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.instants import written
from tests.factory import HUB


def span(at, days=1):
    return f"from={written(at - timedelta(hours=6))}&to={written(at + timedelta(days=days))}"


def test_a_span_comes_whole_in_few_fields(call, stage):
    view = stage.book()
    answer = call(HUB, "GET", f"/board?{span(view.starts_at)}")
    assert answer.status_code == 200, answer.text
    assert set(answer.json["studio_ids"]) == {
        ids.public("std", studio.id) for studio in (stage.studio, stage.other_studio)
    }
    # Written without the model that the reference describes it by: they must say the same.
    assert json.loads(BoardOut.model_validate(answer.json).model_dump_json()) == answer.json
    (item,) = answer.json["items"]
    assert item == {
        "id": ids.public("ses", view.id),
        "title": "专场",
        "state": "draft",
        "version": 1,
        "studio_id": ids.public("std", stage.studio.id),
        "starts_at": written(view.starts_at),
        "ends_at": written(view.ends_at),
        "actual_starts_at": None,
        "actual_ends_at": None,
        "brand_ids": [ids.public("brd", stage.brand.id)],
        "host_ids": [ids.public("hst", stage.signed.id)],
        "platforms": ["douyin"],
    }
    other = ids.public("std", stage.other_studio.id)
    assert call(HUB, "GET", f"/board?{span(view.starts_at)}&studio_id={other}").json["items"] == []


def test_it_is_the_hubs_and_bounded(call, stage):
    view = stage.book()
    brand = Actor(kind="user", role="brand", id=9, name="x", brand_id=stage.brand.id)
    assert call(brand, "GET", f"/board?{span(view.starts_at)}").status_code == 403
    assert call(HUB, "GET", f"/board?{span(view.starts_at, days=40)}").status_code == 422
    assert call(HUB, "GET", "/board").status_code == 422
