"""Forms and addresses: what was typed, folded; and where a form may lead back to."""

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from campaign.web.forms import blank, folded
from campaign.web.targets import own_page


def test_dotted_names_become_lists_and_ours_are_left_out() -> None:
    typed = MultiDict(
        [
            ("csrf_token", "x"),
            ("_version", "3"),
            ("title", "皮衣"),
            ("empty", " "),
            ("people.1.host_id", "b"),
            ("people.0.host_id", "a"),
            ("brand_ids", "x"),
            ("brand_ids", "y"),
        ]
    )
    assert folded(typed, lists=("brand_ids",)) == {
        "title": "皮衣",
        "people": [{"host_id": "a"}, {"host_id": "b"}],
        "brand_ids": ["x", "y"],
    }


def test_names_that_contradict_each_other_do_not_break_the_form() -> None:
    assert folded(MultiDict([("a", "1"), ("a.b", "2")])) == {"a": "1"}


@pytest.mark.parametrize("number", ["²", "9" * 5000])
def test_numbers_that_are_none_do_not_break_the_form(number: str) -> None:
    assert folded(MultiDict([(f"people.{number}.name", "a")])) == {"people": {number: {"name": "a"}}}


def test_a_blank_form_shows_its_first_values() -> None:
    form = blank(title="x", brand_ids=["a", "b"], people__0__role="host", nothing=None)
    assert form.text("title") == "x"
    assert form.texts("brand_ids") == ["a", "b"]
    assert form.text("people.0.role") == "host"
    assert form.text("nothing") == ""


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "",
        None,
        "/a\nb",
        "/\t/evil.example",
        "evil",
    ],
)
def test_a_form_never_leads_to_another_site(wanted: str | None) -> None:
    with Flask(__name__).test_request_context():
        assert own_page(wanted) == "/"


def test_a_form_leads_back_to_a_page_of_this_site() -> None:
    with Flask(__name__).test_request_context():
        assert own_page("/hub/board?day=2026-11-23") == "/hub/board?day=2026-11-23"
