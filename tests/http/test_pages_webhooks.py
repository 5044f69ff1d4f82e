"""The pages of endpoints and deliveries, as agency, hub and strangers see them."""

import re

import pytest
from sqlalchemy import text

from campaign.kit import ids
from campaign.kit.actor import SYSTEM, Actor
from tests.factory import HUB
from tests.http.test_api_webhooks import URL, added, delivery_of


@pytest.fixture
def mine(make):
    return Actor(kind="key", role="agency", agency_id=make.agency(name="晨光机构").id, name="mine")


def test_a_new_endpoint_shows_its_secret_on_this_page_alone(page, mine):
    made = page(mine, "/webhooks", {"url": URL, "description": "主机", "event_types": ["session.moved"]})
    assert made.status_code == 201
    (secret,) = re.findall(r"whsec_[\w+/=]+", made.text)
    (where,) = set(re.findall(r"/webhooks/(whe_\w+)/test", made.text))
    again = page(mine, f"/webhooks/{where}")
    assert again.status_code == 200
    assert secret not in again.text
    assert "主机" in page(mine, "/webhooks").text


def test_a_new_endpoint_has_the_limits_that_were_typed(page, call, mine):
    assert page(mine, "/webhooks", {"url": URL}).status_code == 201
    limits = {"url": URL, "max_in_flight": "9", "per_second": "120"}
    assert page(mine, "/webhooks", limits).status_code == 201
    shown = call(mine, "GET", "/webhook-endpoints").json["items"]
    assert [(one["max_in_flight"], one["per_second"]) for one in shown] == [(4, 50), (9, 120)]
    refused = page(mine, "/webhooks", limits | {"per_second": "0"})
    assert (refused.status_code, 'value="0"' in refused.text) == (422, True)
    # The form says what holds where nothing is typed.
    blank = page(mine, "/webhooks").text
    for name, value in (("max_in_flight", "4"), ("per_second", "50")):
        (field,) = re.findall(rf'<input[^>]*name="{name}"[^>]*>', blank)
        assert f'value="{value}"' in field


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"per_second": "0"}, "Must be a whole number, 1 or more."),
        ({"max_in_flight": "65"}, "Must be a whole number, 64 or less."),
        ({"max_in_flight": "1.5"}, "Must be a whole number."),
    ],
)
def test_a_limit_out_of_bounds_is_told_with_its_bound_and_no_other_number(page, mine, typed, said):
    refused = page(mine, "/webhooks", {"url": URL} | typed)
    assert (refused.status_code, said in refused.text, "9223372036854775" in refused.text) == (
        422,
        True,
        False,
    )


def test_a_bad_address_is_told_beside_its_field(page, mine):
    refused = page(mine, "/webhooks", {"url": "http://10.0.0.1/"})
    assert refused.status_code == 422
    assert "inside a private or reserved network" in refused.text
    assert 'value="http://10.0.0.1/"' in refused.text


def test_the_log_of_a_delivery_shows_hostile_answers_as_text(page, call, database, mine):
    made = added(call, mine)
    delivery = delivery_of(database, made)
    listed = page(mine, f"/webhooks/{made['id']}")
    assert delivery in listed.text
    shown = page(mine, f"/webhooks/deliveries/{delivery}")
    assert "&lt;script&gt;" in shown.text
    assert "<script>\ufffd" not in shown.text
    assert "皮" in shown.text


def test_a_delivery_is_shown_as_a_command_also_after_its_endpoint_is_gone(page, call, database, mine):
    made = added(call, mine)
    delivery = delivery_of(database, made)
    assert f"curl -i {URL}" in page(mine, f"/webhooks/deliveries/{delivery}").text
    limits = {"url": URL, "max_in_flight": "9", "per_second": "120"}
    assert page(mine, f"/webhooks/{made['id']}", limits).status_code == 303
    shown = call(mine, "GET", f"/webhook-endpoints/{made['id']}").json
    assert (shown["max_in_flight"], shown["per_second"]) == (9, 120)
    refused = page(mine, f"/webhooks/{made['id']}", limits | {"max_in_flight": "65"})
    assert refused.status_code == 422
    assert page(mine, f"/webhooks/{made['id']}/remove", {}).status_code == 303
    assert f"curl -i {URL}" in page(mine, f"/webhooks/deliveries/{delivery}").text


def test_an_endpoint_shows_its_days_what_waits_and_how_long_it_took(page, call, database, mine):
    made = added(call, mine)
    for number in range(1, 5):
        delivery_of(database, made, state="delivered", event_id=number)
    delivery_of(database, made, state="exhausted", event_id=5)
    delivery_of(database, made, state="pending", event_id=6)
    delivery_of(database, made, state="expired", event_id=7)
    with database.transaction(SYSTEM) as db:
        # Gave way to newer totals: nothing was given up.
        db.execute(text("UPDATE webhook_delivery SET last_error = 'superseded' WHERE state = 'expired'"))
        # 1, 2, 3 and 4 seconds; half of them within 2.5.
        db.execute(
            text(
                "UPDATE webhook_delivery SET finished_at = created_at + event_id * interval '1 second'"
                " WHERE state = 'delivered'"
            )
        )
    shown = page(mine, f"/webhooks/{made['id']}").text
    cells = re.findall(r'<td class="num" data-th="([^"]+)">([^<]+)</td>', shown)
    assert cells[:6] == [
        ("Delivered", "4"),
        ("Waiting", "1"),
        ("Given up", "1"),
        ("Newer sent instead", "1"),
        ("Half within", "2.5 s"),
        ("95 in 100 within", "3.8 s"),
    ]
    assert "the oldest since" in shown
    assert "Newer figures took its place" in shown
    (replaced,) = re.findall(
        r"/webhooks/deliveries/whd_\w+", page(mine, f"/webhooks/{made['id']}?state=expired").text
    )
    assert "Newer figures took its place" in page(mine, replaced).text
    assert "95% 不超过" in page(mine, f"/webhooks/{made['id']}", language="zh-CN").text


def test_the_log_is_searched_by_type_and_state_together(page, call, database, mine):
    made = added(call, mine)
    delivery = delivery_of(database, made)
    where = f"/webhooks/{made['id']}?state=exhausted&event_type="
    assert delivery in page(mine, where + "session.moved").text
    assert delivery not in page(mine, where + "session.offered").text
    assert 'value="session.offered" selected' in page(mine, where + "session.offered").text


def test_the_log_is_searched_by_the_id_of_an_event_or_a_session(page, call, database, mine):
    made = added(call, mine)
    one, two = (delivery_of(database, made, event_id=number) for number in (1, 2))
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_delivery SET session_id = 77 WHERE event_id = 2"))
    where = f"/webhooks/{made['id']}?about="
    for about, shown, hidden in ((ids.public("evt", 1), one, two), (ids.public("ses", 77), two, one)):
        listed = page(mine, where + about).text
        assert (shown in listed, hidden in listed, f'value="{about}"' in listed) == (True, False, True)
    for about in ("evt_x", "ses_", "whd_1"):
        refused = page(mine, where + about)
        assert refused.status_code == 200
        assert "no id of an event" in refused.text
        assert one not in refused.text
    query = {"event_id": ids.public("evt", 2)}
    found = call(mine, "GET", "/webhook-deliveries", query_string=query).json["items"]
    assert [item["id"] for item in found] == [two]


def test_a_delivery_shows_the_request_with_its_headers(page, call, database, mine):
    made = added(call, mine)
    shown = page(mine, f"/webhooks/deliveries/{delivery_of(database, made)}").text
    for line in (
        f"POST {URL}",
        "content-type: application/json",
        "webhook-id: evt_",
        "user-agent: xinji-live/1",
    ):
        assert line in shown


def test_the_hub_goes_through_all_endpoints_the_worst_first(page, call, database, make):
    """120 of which every third fails, some since the same moment, and every tenth is switched off."""
    agency = make.agency()
    with database.transaction(SYSTEM) as db:
        db.execute(
            text(
                "INSERT INTO webhook_endpoint (agency_id, url, event_types, state, disabled_reason, failing_since)"
                " SELECT :agency, 'https://e' || n, ARRAY['*'], CASE WHEN n % 10 = 0 THEN 'disabled' ELSE 'active' END,"
                " CASE WHEN n % 10 = 0 THEN 'gone' END,"
                " CASE WHEN n % 3 = 0 THEN timestamptz '2026-11-01' + (n / 9) * interval '1.000001 s' END"
                " FROM generate_series(1, 120) n"
            ),
            {"agency": agency.id},
        )
        wanted = db.scalars(
            text(
                "SELECT url FROM webhook_endpoint ORDER BY state <> 'disabled', failing_since NULLS LAST, id"
            )
        ).all()
    seen, pages, where = [], 0, "/webhooks"
    while where:
        shown = page(HUB, where).text
        listed = re.findall(r"<code>(https://e\d+)</code>", shown)
        assert 0 < len(listed) <= 50
        seen += listed
        pages += 1
        more = re.findall(r'href="([^"]*cursor=[^"]+)"', shown)
        where = f"/webhooks{more[0]}" if more and more[0].startswith("?") else (more[0] if more else "")
    assert (seen, pages) == (wanted, 3)
    for bad in ("abc", "WzEsMl0", "%00"):
        assert page(HUB, f"/webhooks?cursor={bad}").status_code == 422


def test_the_hub_sees_first_what_is_switched_off_then_what_fails_longest(page, call, database, make):
    made = {}
    for name in ("fine", "failing", "failing longer", "off"):
        actor = Actor(kind="key", role="agency", agency_id=make.agency(name=name).id, name=name)
        made[name] = ids.internal("whe", added(call, actor, url=f"{URL}/{name.replace(' ', '-')}")["id"])
    with database.transaction(SYSTEM) as db:
        for name, change in {
            "failing": "failing_since = now() - interval '1 hour'",
            "failing longer": "failing_since = now() - interval '2 hours'",
            "off": "state = 'disabled', disabled_reason = 'gone'",
        }.items():
            db.execute(text(f"UPDATE webhook_endpoint SET {change} WHERE id = :id"), {"id": made[name]})
    listed = re.findall(rf"<code>{URL}/([a-z-]+)</code>", page(HUB, "/webhooks").text)
    assert listed == ["off", "failing-longer", "failing", "fine"]


def test_the_list_counts_what_waits_of_every_day_and_today_by_the_hubs_clocks(page, call, database, mine):
    made = added(call, mine)
    for number, state in enumerate(("pending", "held", "delivered", "delivered", "delivered", "exhausted")):
        delivery_of(database, made, state=state, event_id=number)
    with database.transaction(SYSTEM) as db:
        # Two wait since days ago. Of what was delivered one is of the first second of today by the hub's clocks,
        # which is yesterday by UTC, and one of the last second of the hub's yesterday.
        db.execute(
            text(
                "UPDATE webhook_delivery SET created_at = CASE event_id"
                " WHEN 3 THEN date_trunc('day', now(), 'Asia/Shanghai')"
                " WHEN 4 THEN date_trunc('day', now(), 'Asia/Shanghai') - interval '1 second'"
                " ELSE created_at - interval '3 days' END,"
                " day = current_date - CASE WHEN event_id < 3 THEN 3 ELSE 1 END"
                " WHERE event_id IN (0, 1, 3, 4)"
            )
        )
        # Given up today after three days of trying, and another the day before.
        delivery_of(database, made, event_id=6)
        db.execute(
            text(
                "UPDATE webhook_delivery SET finished_at = now() - CASE event_id WHEN 6 THEN interval '1 day'"
                " ELSE interval '0' END, created_at = created_at - interval '3 days', day = current_date - 3"
                " WHERE event_id IN (5, 6)"
            )
        )
    listed = page(mine, "/webhooks").text
    cells = re.findall(r'<td class="num" data-th="([^"]+)">([^<]+)</td>', listed)
    assert cells == [("Delivered today", "2"), ("Waiting", "2"), ("Given up today", "1")]


def test_replay_asks_since_when_by_the_hubs_clocks(page, call, database, mine):
    made = added(call, mine)
    # Seen once, and before the time asked for: 20:00 there is 12:00 here.
    delivery = delivery_of(database, made, state="delivered")
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_message SET at = date_trunc('day', now()) + interval '12 hours'"))
        day = db.execute(text("SELECT current_date")).scalar_one()
    for since, state in (
        (f"{day}T20:01", "delivered"),
        ("nonsense", "delivered"),
        (f"{day}T20:00", "pending"),
    ):
        assert page(mine, f"/webhooks/{made['id']}/replay", {"since": since}).status_code == 303
        assert call(mine, "GET", f"/webhook-deliveries/{delivery}").json["state"] == state


@pytest.mark.parametrize("how", ["resend", "replay"])
def test_what_is_sent_again_says_nothing_of_how_fast_the_receiver_is(page, call, database, mine, how):
    made = added(call, mine)
    one, two = (delivery_of(database, made, state="delivered", event_id=number) for number in (1, 2))
    took = "UPDATE webhook_delivery SET finished_at = created_at + interval '2 seconds'"
    with database.transaction(SYSTEM) as db:
        db.execute(text(took))
        if how == "replay":
            # Only the other one is asked for.
            db.execute(text("UPDATE webhook_message SET at = at - interval '1 day' WHERE event_id = 2"))
        since = db.execute(text("SELECT now() - interval '1 hour'")).scalar_one()
    if how == "resend":
        assert call(mine, "POST", f"/webhook-deliveries/{one}/resend").status_code == 202
    else:
        where = f"/webhook-endpoints/{made['id']}/replay"
        assert call(mine, "POST", where, json={"since": since.isoformat()}).json == {"deliveries": 1}
    with database.transaction(SYSTEM) as db:
        again = db.execute(
            text(
                "UPDATE webhook_delivery SET state = 'delivered', finished_at = created_at + interval '9 hours'"
                " WHERE state = 'pending' RETURNING id"
            )
        ).scalar_one()
    assert ids.public("whd", again) == one
    shown = page(mine, f"/webhooks/{made['id']}").text
    cells = dict(re.findall(r'<td class="num" data-th="([^"]+)">([^<]+)</td>', shown))
    assert (cells["Delivered"], cells["Half within"], cells["95 in 100 within"]) == ("2", "2.0 s", "2.0 s")
    assert "Asked for again at" in page(mine, f"/webhooks/deliveries/{one}").text
    assert "Asked for again at" not in page(mine, f"/webhooks/deliveries/{two}").text


def test_a_try_that_is_kept_no_more_was_made_all_the_same(page, call, database, mine):
    delivery = delivery_of(database, added(call, mine))
    assert "Tries are kept for" not in page(mine, f"/webhooks/deliveries/{delivery}").text
    with database.transaction(SYSTEM) as db:
        db.execute(text("DELETE FROM webhook_attempt"))
    shown = page(mine, f"/webhooks/deliveries/{delivery}").text
    assert "Tries are kept for 14 days" in shown
    assert "Not tried yet" not in shown


def test_a_delivery_of_a_removed_endpoint_offers_nothing_that_cannot_be(page, call, database, mine):
    made = added(call, mine)
    delivery = delivery_of(database, made)
    assert f"/webhooks/deliveries/{delivery}/resend" in page(mine, f"/webhooks/deliveries/{delivery}").text
    assert page(mine, f"/webhooks/{made['id']}/remove", {}).status_code == 303
    shown = page(mine, f"/webhooks/deliveries/{delivery}").text
    assert "Its endpoint was removed" in shown
    assert f"/webhooks/{made['id']}" not in shown
    assert f"/webhooks/deliveries/{delivery}/resend" not in shown


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_what_waits_with_its_endpoint_is_not_offered_to_be_sent_again_and_says_why(
    page, call, database, mine, state
):
    delivery = delivery_of(database, added(call, mine))
    with database.transaction(SYSTEM) as db:
        why = {"state": state, "reason": "gone" if state == "disabled" else None}
        db.execute(text("UPDATE webhook_endpoint SET state = :state, disabled_reason = :reason"), why)
    shown = page(mine, f"/webhooks/deliveries/{delivery}").text
    assert f"/webhooks/deliveries/{delivery}/resend" not in shown
    assert "Its endpoint is paused or disabled: enable it to send this again." in shown
    chinese = page(mine, f"/webhooks/deliveries/{delivery}", language="zh-CN").text
    assert "该接收端已暂停或停用，启用后才能重新发送。" in chinese


def test_resend_puts_it_in_line(page, call, database, mine):
    made = added(call, mine)
    delivery = delivery_of(database, made)
    answer = page(mine, f"/webhooks/deliveries/{delivery}/resend", {})
    assert answer.status_code == 303
    assert call(mine, "GET", f"/webhook-deliveries/{delivery}").json["state"] == "pending"


def test_the_buttons_do_what_they_say(page, call, mine):
    made = added(call, mine)
    for verb, state in (("pause", "paused"), ("enable", "active"), ("test", "active"), ("replay", "active")):
        given = {"since": "2026-11-01T00:00"} if verb == "replay" else {}
        assert page(mine, f"/webhooks/{made['id']}/{verb}", given).status_code == 303
        assert call(mine, "GET", f"/webhook-endpoints/{made['id']}").json["state"] == state
    rotated = page(mine, f"/webhooks/{made['id']}/rotate-secret", {})
    assert "whsec_" in rotated.text
    changed = page(mine, f"/webhooks/{made['id']}", {"url": f"{URL}/2", "event_types": ["session.ended"]})
    assert changed.status_code == 303
    assert call(mine, "GET", f"/webhook-endpoints/{made['id']}").json["event_types"] == ["session.ended"]
    assert page(mine, f"/webhooks/{made['id']}/remove", {}).status_code == 303
    assert page(mine, f"/webhooks/{made['id']}").status_code == 404


def test_a_stale_or_bad_edit_is_refused_and_changes_nothing(page, call, mine):
    made = added(call, mine)
    call(mine, "PATCH", f"/webhook-endpoints/{made['id']}", json={"description": "newer"})
    stale = page(mine, f"/webhooks/{made['id']}", {"url": URL, "_version": "1"})
    assert stale.status_code == 412
    bad = page(mine, f"/webhooks/{made['id']}", {"url": "ftp://x/"})
    assert bad.status_code == 422
    assert call(mine, "GET", f"/webhook-endpoints/{made['id']}").json["description"] == "newer"


def test_the_hub_sees_all_and_names_the_agency(page, call, database, mine):
    made = added(call, mine)
    assert "晨光机构" in page(HUB, "/webhooks").text
    added_by_hub = page(HUB, "/webhooks", {"url": URL, "agency_id": ids.public("agc", mine.agency_id)})
    assert added_by_hub.status_code == 201
    viewer = Actor(kind="key", role="hub", hub_role="viewer", name="viewer")
    assert '<form method="post" action="/webhooks"' not in page(viewer, "/webhooks").text
    assert page(viewer, f"/webhooks/{made['id']}/pause", {}).status_code == 403


def test_foreign_endpoints_are_not_there(page, call, database, make, mine):
    theirs = Actor(kind="key", role="agency", agency_id=make.agency().id, name="theirs")
    made = added(call, theirs)
    delivery = delivery_of(database, made)
    for path in (f"/webhooks/{made['id']}", f"/webhooks/deliveries/{delivery}", "/webhooks/whe_nothing"):
        assert page(mine, path).status_code == 404
    assert made["url"] not in page(mine, "/webhooks").text
    assert page(mine, f"/webhooks/{made['id']}/remove", {}).status_code == 404


@pytest.mark.parametrize("role", ["brand", "host"])
def test_other_roles_have_no_such_page(page, make, role):
    party = make.brand() if role == "brand" else make.host()
    actor = Actor(kind="key", role=role, **{f"{role}_id": party.id})
    assert page(actor, "/webhooks").status_code == 403


def test_a_disabled_endpoint_says_why_in_the_readers_language(page, call, database, mine):
    made = added(call, mine)
    with database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE webhook_endpoint SET state = 'disabled', disabled_reason = 'gone'"))
    assert "410 Gone" in page(mine, f"/webhooks/{made['id']}").text
    assert "停用" in page(mine, f"/webhooks/{made['id']}", language="zh-CN").text
