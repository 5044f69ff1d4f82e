"""The log of deliveries as it is searched, over the API and on its page: own rows alone, whatever is looked for."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from campaign.kit import ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.instants import written
from tests import zones
from tests.factory import HUB
from tests.http.test_api_webhooks import URL, added, delivery_of


@pytest.fixture
def made(call, mine):
    return added(call, mine)


@pytest.fixture
def change(database):
    """change(delivery, "last_status = 404"): as if that had become of it."""

    def set_(delivery: str, what: str, **given: object) -> None:
        with database.transaction(SYSTEM) as db:
            statement = text(f"UPDATE webhook_delivery SET {what} WHERE id = :id")
            db.execute(statement, given | {"id": ids.internal("whd", delivery)})

    return set_


@pytest.fixture
def listed(call, mine):
    """listed(name="value"): the ids that the API finds."""

    def find(**query: str) -> list[str]:
        answer = call(mine, "GET", "/webhook-deliveries", query_string=query)
        assert answer.status_code == 200, answer.json
        return [one["id"] for one in answer.json["items"]]

    return find


@pytest.fixture
def shown(page, mine, made):
    """shown(deliveries, about="…"): which of them stand on the endpoint's page."""

    def find(deliveries: list[str], **query: str) -> list[str]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        answer = page(mine, f"/webhooks/{made['id']}?{asked}")
        assert answer.status_code == 200
        return [one for one in deliveries if f"/webhooks/deliveries/{one}" in answer.text]

    return find


def test_days_are_the_hubs_and_the_last_is_included(database, made, change, listed, shown):
    zone, second = ZoneInfo(zones.hub_zone()), timedelta(seconds=1)
    midnight, next_midnight = datetime(2026, 11, 23, tzinfo=zone), datetime(2026, 11, 24, tzinfo=zone)
    all_four = []
    for number, at in enumerate((midnight - second, midnight, next_midnight - second, next_midnight)):
        delivery = delivery_of(database, made, event_id=number)
        change(delivery, "created_at = :at, day = (CAST(:at AS timestamptz) AT TIME ZONE 'UTC')::date", at=at)
        all_four.append(delivery)
    one, two, three, four = all_four
    for find in (lambda **query: sorted(listed(**query)), lambda **query: shown(all_four, **query)):
        days = {"from": "2026-11-23", "to": "2026-11-23"}
        assert find(**days) == sorted([two, three])
        assert find(**{"from": "2026-11-24"}) == [four]
        assert find(to="2026-11-22") == [one]
        instants = {"from": written(midnight), "to": written(next_midnight - second)}
        assert find(**instants) == [two]


def test_a_range_that_ends_before_it_starts_is_told(call, page, database, mine, made):
    delivery = delivery_of(database, made)
    query = {"from": "2026-11-24", "to": "2026-11-23"}
    refused = call(mine, "GET", "/webhook-deliveries", query_string=query)
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json["errors"]] == ["to"]
    answer = page(mine, f"/webhooks/{made['id']}?from=2026-11-24&to=2026-11-23")
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert delivery not in answer.text


def test_the_last_answer_is_looked_for_by_its_code(database, made, change, listed, shown):
    one, two = (delivery_of(database, made, event_id=number) for number in (1, 2))
    change(two, "last_status = 404")
    assert listed(last_status="404") == [two]
    assert listed(last_status="500") == [one]
    assert listed(last_status="200") == []
    assert shown([one, two], about="404") == [two]


@pytest.mark.parametrize("wrong", ["99", "600", "5xx", "-1", ""])
def test_what_is_no_code_of_an_answer_is_refused(call, mine, wrong):
    answer = call(mine, "GET", "/webhook-deliveries", query_string={"last_status": wrong})
    assert [one["field"] for one in answer.json["errors"]] == ["last_status"]


def test_each_kind_of_id_is_looked_for(database, made, change, listed, shown):
    one, two = (delivery_of(database, made, event_id=number) for number in (1, 2))
    change(two, "session_id = 77")
    for name, looked_for in (
        ("event_id", ids.public("evt", 2)),
        ("session_id", ids.public("ses", 77)),
        ("delivery_id", two),
    ):
        assert listed(**{name: looked_for}) == [two]
        assert shown([one, two], about=looked_for) == [two]


def test_words_find_sessions_by_title_those_that_the_reader_may_see(
    database, made, change, shown, stage, page, mine
):
    one, two = (delivery_of(database, made, event_id=number) for number in (1, 2))
    change(one, "session_id = :session", session=stage.book(title="皮衣 100% 专场").id)
    hub_log = f"/webhooks/{made['id']}?about="
    assert one in page(HUB, hub_log + "100%25").text
    assert two not in page(HUB, hub_log + "100%25").text
    assert one not in page(HUB, hub_log + "10_%25").text
    # The agency has no part in it: the title is not told, nor found.
    assert shown([one, two], about="100%25") == []
    assert "皮衣" not in page(mine, f"/webhooks/{made['id']}").text
    assert "皮衣" in page(HUB, f"/webhooks/{made['id']}").text


@pytest.mark.parametrize("about", ["%00", "__", "%25", "evt", "'", "0", "12345", "whe_0000000000001"])
def test_whatever_else_is_looked_for_finds_nothing_and_says_so(page, database, mine, made, about):
    delivery = delivery_of(database, made)
    answer = page(mine, f"/webhooks/{made['id']}?about={about}")
    assert answer.status_code == 200
    assert "Nothing found." in answer.text
    assert delivery not in answer.text


def test_fields_left_empty_ask_for_nothing(database, made, shown):
    delivery = delivery_of(database, made)
    assert shown([delivery], about="", event_type="", to="", **{"from": ""}) == [delivery]


def test_pages_go_on_within_a_search(call, database, mine, made, change):
    several = [delivery_of(database, made, event_id=number) for number in range(5)]
    for one in several:
        change(one, "session_id = 77")
    query = {"session_id": ids.public("ses", 77), "limit": "2"}
    found: list[str] = []
    while True:
        answer = call(mine, "GET", "/webhook-deliveries", query_string=query).json
        found += [one["id"] for one in answer["items"]]
        if answer["next_cursor"] is None:
            break
        query["cursor"] = answer["next_cursor"]
    assert found == several[::-1]


def test_another_agencys_rows_are_found_by_nothing(call, database, make, made, mine):
    theirs = Actor(kind="key", role="agency", agency_id=make.agency().id, name="theirs")
    foreign = delivery_of(database, added(call, theirs), event_id=3)
    for query in (
        {"delivery_id": foreign},
        {"event_id": ids.public("evt", 3)},
        {"last_status": "500"},
        {"from": "2026-01-01"},
    ):
        assert call(mine, "GET", "/webhook-deliveries", query_string=query).json["items"] == []
        assert len(call(HUB, "GET", "/webhook-deliveries", query_string=query).json["items"]) == 1


@pytest.mark.parametrize("verb", ["paused", "enabled"])
def test_what_is_held_and_what_is_taken_up_is_among_what_changed_since(
    call, database, mine, made, change, listed, verb
):
    delivery = delivery_of(database, made, "pending")
    if verb == "enabled":
        assert (
            call(mine, "PATCH", f"/webhook-endpoints/{made['id']}", json={"state": "paused"}).status_code
            == 200
        )
    change(delivery, "created_at = now() - interval '2 hours', updated_at = now() - interval '90 minutes'")
    with database.transaction(SYSTEM) as db:
        since = db.execute(text("SELECT now() - interval '1 hour'")).scalar_one().isoformat()
    assert listed(updated_since=since) == []
    state = {"paused": "paused", "enabled": "active"}[verb]
    assert call(mine, "PATCH", f"/webhook-endpoints/{made['id']}", json={"state": state}).status_code == 200
    assert listed(updated_since=since) == [delivery]
    assert call(mine, "GET", f"/webhook-deliveries/{delivery}").json["updated_at"] >= since[:19]


def test_a_bad_place_in_the_feed_is_told_by_the_name_it_was_given_under(call, mine):
    for bad in ("nonsense", "W10"):
        answer = call(mine, "GET", f"/events?after={bad}")
        assert [(one["field"], one["code"]) for one in answer.json["errors"]] == [("after", "bad_cursor")]
    answer = call(mine, "GET", "/webhook-deliveries?cursor=nonsense")
    assert [one["field"] for one in answer.json["errors"]] == ["cursor"]


@pytest.mark.parametrize(
    ("state", "words"),
    [("pending", "Not tried yet."), ("expired", "Never sent."), ("aborted", "Never sent.")],
)
def test_what_was_given_up_before_its_first_try_is_not_said_to_be_tried_yet(
    page, call, database, mine, state, words
):
    delivery = delivery_of(database, added(call, mine))
    with database.transaction(SYSTEM) as db:
        db.execute(text("DELETE FROM webhook_attempt"))
        db.execute(text("UPDATE webhook_delivery SET attempts = 0, state = :state"), {"state": state})
    assert words in page(mine, f"/webhooks/deliveries/{delivery}").text


@pytest.mark.parametrize(
    ("went_to", "language", "said"),
    [
        (URL, "en", None),
        (f"{URL}/old", "en", f"to {URL}/old"),
        (f"{URL}/old", "zh_CN", f"发往 {URL}/old"),
        (None, "en", "To which address it went was not kept then."),
    ],
)
def test_no_try_is_shown_beneath_an_address_that_it_never_went_to(
    page, call, database, mine, went_to, language, said
):
    delivery = delivery_of(database, added(call, mine), went_to=went_to)
    shown = page(mine, f"/webhooks/deliveries/{delivery}", language=language).text
    tries = re.search(r"<b>500</b>(.*?)</ul>", shown, re.S)[1]
    assert f'<code class="break">{URL}</code>' in shown
    now = ("The endpoint's address now:", "The address is the one that the endpoint has now.")
    if said is None:
        assert "whole break" not in tries
    else:
        assert f'<span class="whole break soft">{said}</span>' in tries
    if language == "en":
        assert [words in shown for words in now] == [said is not None] * 2
