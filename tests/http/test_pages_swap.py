"""Picking the session to swap with, by plain forms."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from campaign.kit import ids
from campaign.schedule import closing, queries
from campaign.schedule.spans import board_day_of

DAY = timedelta(days=1)


@pytest.fixture
def pair(stage):
    """Two sessions of one evening in two studios, and one of the next week."""
    first = stage.book(title="甲场")
    own = {"participants": [{"host_id": stage.in_house.id}], "channels": [{"platform": "other"}]}
    second = stage.book(
        title="乙场", studio_id=stage.other_studio.id, starts_at=first.starts_at + timedelta(hours=1), **own
    )
    stage.book(title="下周场", starts_at=first.starts_at + 7 * DAY, **own)
    return first, second


def path(view):
    return f"/hub/sessions/{ids.public('ses', view.id)}/swap"


def read(stage, view):
    return stage.act(queries.get_session, view.id)


def test_the_sessions_around_are_offered_and_one_press_swaps(planner, stage, pair):
    first, second = pair
    assert path(first) in planner.get(path(first).removesuffix("/swap")).text
    page = planner.get(path(first)).text
    assert "乙场" in page
    assert "下周场" not in page
    assert f'value="{ids.public("ses", first.id)}"' not in page  # not with itself
    answer = planner.post(
        path(first), other=ids.public("ses", second.id), what="studios", _version=str(first.version)
    )
    assert answer.status_code == 303, answer.text
    assert "Swapped." in planner.follow().text
    assert (read(stage, first).studio_id, read(stage, second).studio_id) == (
        stage.other_studio.id,
        stage.studio.id,
    )


def test_candidates_are_narrowed_by_day_studio_host_and_words(planner, stage, pair):
    first, second = pair
    week_later = board_day_of(first.starts_at + 7 * DAY, ZoneInfo("Asia/Shanghai")).isoformat()
    for query, shown in (
        (f"day={week_later}", "下周场"),
        (f"studio={ids.public('std', stage.other_studio.id)}", "乙场"),
        (f"studio={ids.public('std', stage.studio.id)}", None),
        (f"host={ids.public('hst', stage.in_house.id)}", "乙场"),
        (f"host={ids.public('hst', stage.signed.id)}", None),
        ("q=yichang", "乙场"),
        ("q=nobody", None),
    ):
        page = planner.get(f"{path(first)}?{query}").text
        assert {name for name in ("乙场", "下周场") if f">{name}</a>" in page} == (
            {shown} if shown else set()
        )
    stage.act(closing.cancel, second.id, code="other")
    assert "乙场" not in planner.get(path(first)).text
    assert planner.get(path(second)).status_code == 409  # what is cancelled has nothing to give
    assert planner.get(f"{path(first)}?day=9999-12-31").status_code == 422


def test_a_swap_that_is_refused_keeps_what_was_picked(planner, stage, pair):
    first, second = pair
    planner.get(path(first))
    picked = {"other": ids.public("ses", second.id), "what": "times"}
    stale = planner.post(path(first), **picked, _version="99")
    assert stale.status_code == 412
    assert f'value="{picked["other"]}" checked' in stale.text
    assert planner.post(path(first), what="times").status_code == 422
    assert planner.post(path(first), **picked | {"what": "prices"}).status_code == 422
    assert read(stage, first).starts_at == first.starts_at
    assert planner.post(path(first), **picked).status_code == 303  # nothing else stood against it
