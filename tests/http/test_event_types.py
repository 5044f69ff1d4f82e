"""The catalogue of events: by API and as a page, each example as its schema says."""

import pytest

from campaign.outbox.events import TYPES
from tests.factory import HUB
from tests.facts import faults_of


def test_every_type_has_a_schema_and_an_example_that_fits(call, stage):
    answer = call(stage.agent, "GET", "/event-types")
    assert answer.status_code == 200
    items = answer.json["items"]
    assert [one["type"] for one in items] == list(TYPES)
    for one in items:
        assert one["version"] == 1
        assert faults_of(one["type"], one["example"]) == []
        assert "additionalProperties" not in str(one["data_schema"])


def test_the_check_of_facts_sees_a_field_too_many_one_too_few_and_a_wrong_type():
    example = {"endpoint_id": "whe_1"}
    assert faults_of("endpoint.test", example) == []
    assert faults_of("endpoint.test", example | {"price_fen": 1})
    assert faults_of("endpoint.test", {})
    assert faults_of("endpoint.test", {"endpoint_id": 1})


@pytest.mark.parametrize(("language", "word"), [("zh-CN", "场次改期"), ("en", "Session moved")])
def test_the_page_names_every_type_and_shows_both_receivers(page, language, word):
    text = page(HUB, "/webhooks/events", language=language).text
    assert word in text
    for name in TYPES:
        assert f'id="{name}"' in text
    assert "verify.py" in text
    assert "timingSafeEqual" in text
