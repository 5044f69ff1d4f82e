"""The sender as a process of its own, against real receivers: signed, retried, never twice by surprise."""

import json
import signal
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from campaign.delivery import actions, queries
from campaign.kit import signing
from campaign.kit.actor import SYSTEM, Actor
from campaign.outbox.actions import write
from tests.factory import HUB, Factory
from tests.fakes import receiver as fake
from tests.fakes.senders import LEFT, add, sending, start, wait_until

WAITING = "SELECT count(*) FROM outbox_event WHERE fanned_at IS NULL"


def tell(database, *agency_ids: int, kind: str = "session.moved", session_id: int = 1, **data) -> None:
    with database.transaction(HUB) as db:
        write(db, kind, session_id=session_id, agency_ids=agency_ids, data=data)


def deliveries(database, **wanted):
    with database.transaction(SYSTEM) as db:
        query = queries.DeliveryQuery(**wanted)
        return list(reversed(queries.page_of_deliveries(db, SYSTEM, query).items))


def test_an_event_reaches_the_endpoint_signed_so_that_the_public_library_accepts_it(
    committed_database, settings, agency, receiver
):
    made = add(committed_database, settings, agency.id, f"{receiver.url}/in")
    with sending(settings):
        tell(committed_database, agency.id, title="皮具专场")
        (request,) = receiver.wait_for(1)
        wait_until(settings.database_url, LEFT, 0)
    body = Webhook(made.secret).verify(request.body, request.headers)
    assert body["type"] == "session.moved"
    assert body["data"] == {"session_id": "ses_0000000000001", "seq": 1, "title": "皮具专场"}
    assert request.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.new_secret()).verify(request.body, request.headers)
    (delivery,) = deliveries(committed_database)
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("delivered", 1, 200)


def test_only_the_told_agency_and_the_types_asked_for(committed_database, settings, agency, receiver):
    other = Factory(committed_database).agency()
    add(committed_database, settings, agency.id, f"{receiver.url}/all")
    add(committed_database, settings, agency.id, f"{receiver.url}/ended", event_types=["session.ended"])
    add(committed_database, settings, other.id, f"{receiver.url}/other")
    with sending(settings):
        tell(committed_database, agency.id)
        tell(committed_database, agency.id, kind="session.ended")
        tell(committed_database)
        wait_until(settings.database_url, WAITING, 0)
        receiver.wait_for(3)
        wait_until(settings.database_url, LEFT, 0)
    types = [(request.target, json.loads(request.body)["type"]) for request in receiver.received]
    assert sorted(types) == [
        ("/all", "session.ended"),
        ("/all", "session.moved"),
        ("/ended", "session.ended"),
    ]


def test_what_was_written_while_no_sender_ran_is_sent_when_one_starts(
    committed_database, settings, agency, receiver
):
    add(committed_database, settings, agency.id, receiver.url)
    for number in range(20):
        tell(committed_database, agency.id, number=number)
    with sending(settings):
        receiver.wait_for(20)
        wait_until(settings.database_url, LEFT, 0)
    numbers = {json.loads(request.body)["data"]["number"] for request in receiver.received}
    assert numbers == set(range(20))


def test_what_nobody_told_of_is_found_by_the_clock(committed_database, settings, agency, receiver):
    """Written without a NOTIFY: it may be lost, and costs a moment and no more."""
    add(committed_database, settings, agency.id, receiver.url)
    with sending(settings), psycopg.connect(settings.database_url, autocommit=True) as other:
        time.sleep(1)
        other.execute(
            "INSERT INTO outbox_event (type, at, agency_ids, data)"
            " VALUES ('session.moved', now(), ARRAY[%s]::bigint[], '{}')",
            (agency.id,),
        )
        receiver.wait_for(1, seconds=10)


def test_a_failure_is_tried_again_with_the_same_id_and_bytes(committed_database, settings, agency, receiver):
    made = add(committed_database, settings, agency.id, receiver.url)
    receiver.behave(fake.status(500, b"<script>alert(1)</script>"), fake.OK)
    with sending(settings):
        tell(committed_database, agency.id)
        first, second = receiver.wait_for(2)
        wait_until(settings.database_url, LEFT, 0)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert 3.9 <= second.at - first.at <= 12
    Webhook(made.secret).verify(second.body, second.headers)
    (delivery,) = deliveries(committed_database)
    with committed_database.transaction(SYSTEM) as db:
        tries = queries.attempts_of(db, SYSTEM, delivery)
    assert [(one.status, one.answer) for one in tries] == [(500, b"<script>alert(1)</script>"), (200, b"ok")]


def test_a_rolled_back_change_sends_nothing(committed_database, settings, agency, receiver):
    add(committed_database, settings, agency.id, receiver.url)

    def change_that_fails() -> None:
        with committed_database.transaction(HUB) as db:
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={"which": "rolled back"})
            raise ZeroDivisionError

    with sending(settings):
        with pytest.raises(ZeroDivisionError):
            change_that_fails()
        # The control: the same change, committed, is sent; so the silence before it means something.
        tell(committed_database, agency.id, which="committed")
        receiver.wait_for(1)
        wait_until(settings.database_url, LEFT, 0)
    sent = [json.loads(request.body)["data"] for request in receiver.received]
    assert sent == [{"session_id": "ses_0000000000001", "seq": 1, "which": "committed"}]


def test_410_disables_and_what_follows_is_held_until_it_is_enabled(
    committed_database, settings, agency, receiver
):
    made = add(committed_database, settings, agency.id, receiver.url)
    receiver.behave(fake.GONE, fake.OK)
    with sending(settings):
        tell(committed_database, agency.id, number=1)
        wait_until(settings.database_url, "SELECT state FROM webhook_endpoint", "disabled")
        told = "SELECT detail->>'reason' FROM audit_entry WHERE action = 'webhook_endpoint.disabled'"
        wait_until(settings.database_url, told, "gone")
        heard = "SELECT string_agg(audience || ' ' || kind, ', ' ORDER BY audience) FROM notice"
        kind = "system.endpoint_disabled_gone"
        wait_until(settings.database_url, heard, f"agency {kind}, hub {kind}")
        tell(committed_database, agency.id, number=2)
        wait_until(settings.database_url, WAITING, 0)
        assert [one.state for one in deliveries(committed_database)] == ["held", "held"]
        with committed_database.transaction(HUB) as db:
            actions.enable(db, HUB, queries.get_endpoint(db, HUB, made.endpoint.id))
        receiver.wait_for(3)
        wait_until(settings.database_url, LEFT, 0)
    assert [one.state for one in deliveries(committed_database)] == ["delivered", "delivered"]


def test_a_busy_receiver_is_left_alone_as_long_as_it_asks(committed_database, settings, agency, receiver):
    add(committed_database, settings, agency.id, receiver.url)
    receiver.behave(fake.status(429, retry_after="7"), fake.OK)
    with sending(settings):
        tell(committed_database, agency.id, number=1)
        receiver.wait_for(1)
        wait_until(
            settings.database_url, "SELECT count(*) FROM webhook_endpoint WHERE paused_until > now()", 1
        )
        tell(committed_database, agency.id, number=2)
        first, *rest = receiver.wait_for(3)
    assert min(request.at for request in rest) - first.at >= 6.5


def test_a_dead_endpoint_pauses_after_five_failures_and_delays_nobody_else(
    committed_database, settings, agency, receiver
):
    add(committed_database, settings, agency.id, f"{receiver.url}/dead")
    add(committed_database, settings, agency.id, f"{receiver.url}/well")
    receiver.behave(fake.status(500), path="/dead")
    with sending(settings):
        for number in range(40):
            tell(committed_database, agency.id, number=number)
        receiver.wait_for(40, path="/well")
        wait_until(
            settings.database_url, "SELECT count(*) FROM webhook_endpoint WHERE paused_until > now()", 1
        )
        wait_until(settings.database_url, "SELECT count(*) FROM webhook_delivery WHERE state = 'sending'", 0)
    # Five open the breaker; what was already on its way then (at most 4 in flight) still lands.
    assert 5 <= len(receiver.on("/dead")) <= 5 + 4
    # The others wait without having lost a try.
    waiting = [one.attempts for one in deliveries(committed_database, state="pending")]
    assert waiting.count(0) == 40 - len(receiver.on("/dead"))


def test_a_hanging_endpoint_delays_nobody_else(committed_database, settings, agency, receiver):
    add(committed_database, settings, agency.id, f"{receiver.url}/hangs")
    add(committed_database, settings, agency.id, f"{receiver.url}/well")
    receiver.behave(fake.HANG, path="/hangs")
    with sending(settings, "--drain", "1.5") as sender:
        for number in range(30):
            tell(committed_database, agency.id, number=number)
        receiver.wait_for(30, seconds=10, path="/well")
        assert sender.stop() == 0
    # Stopped in order: what hung or waited is free for the next sender at once.
    states = Counter(one.state for one in deliveries(committed_database, limit=100))
    assert states == {"delivered": 30, "pending": 30}


def test_events_that_come_while_earlier_ones_wait_to_be_claimed_do_not_pass_them(
    committed_database, settings, agency, receiver
):
    """Those of the first turns are claimed, those of later ones come with their fan-out."""
    add(committed_database, settings, agency.id, receiver.url, max_in_flight=1, per_second=1000)
    with sending(settings):
        for number in range(60):
            tell(committed_database, agency.id, number=number)
        receiver.wait_for(60)
    numbers = [json.loads(request.body)["data"]["number"] for request in receiver.received]
    assert numbers == list(range(60))


def test_a_graceful_stop_waits_for_what_is_in_flight(committed_database, settings, agency, receiver):
    add(committed_database, settings, agency.id, receiver.url)
    receiver.behave(fake.slow(0.7, fake.OK))
    with sending(settings) as sender:
        tell(committed_database, agency.id)
        receiver.wait_for(1)
        assert sender.stop() == 0
    (delivery,) = deliveries(committed_database)
    assert (delivery.state, delivery.attempts) == ("delivered", 1)


def minds_sigterm(pid: int) -> bool:
    """Whether the process has come so far that it handles the signal."""
    caught = Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def test_one_that_never_found_its_database_stops_when_told(settings):
    alone = start(replace(settings, database_url="postgresql://127.0.0.1:1/nobody"))
    try:
        until = time.monotonic() + 60
        while not minds_sigterm(alone.child.pid):
            assert time.monotonic() < until
            time.sleep(0.1)
        time.sleep(0.5)
        assert alone.child.poll() is None, "it waits for the database"
        assert alone.stop() == 0
    finally:
        alone.kill()


def test_while_a_secret_rotates_both_verify_and_after_a_day_the_new_one_alone(
    committed_database, settings, agency, receiver
):
    made = add(committed_database, settings, agency.id, receiver.url)
    with committed_database.transaction(HUB) as db:
        endpoint = queries.get_endpoint(db, HUB, made.endpoint.id)
        new, _ = actions.rotate_secret(db, HUB, endpoint, secret_key=settings.secret_key)
    with sending(settings):
        tell(committed_database, agency.id)
        (request,) = receiver.wait_for(1)
        # Noted as delivered, or the next sender sends it again.
        wait_until(settings.database_url, LEFT, 0)
    for secret in (made.secret, new):
        Webhook(secret).verify(request.body, request.headers)
    assert len(request.headers["webhook-signature"].split()) == 2
    with sending(settings, CAMPAIGN_CLOCK_OFFSET="86460"):
        tell(committed_database, agency.id)
        _, later = receiver.wait_for(2)
    Webhook(new).verify(later.body, later.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made.secret).verify(later.body, later.headers)


def test_resend_replay_and_test_use_the_same_queue(committed_database, settings, agency, receiver):
    tell(committed_database, agency.id, number=1)
    made = add(committed_database, settings, agency.id, receiver.url, event_types=["session.moved"])
    actor = Actor(kind="user", role="agency", agency_id=agency.id)
    with sending(settings):
        wait_until(settings.database_url, WAITING, 0)
        (delivery,) = deliveries(committed_database)
        receiver.wait_for(1)
        wait_until(settings.database_url, LEFT, 0)
        with committed_database.transaction(actor) as db:
            actions.resend(db, actor, queries.get_delivery(db, actor, delivery.id))
        receiver.wait_for(2)
        wait_until(settings.database_url, LEFT, 0)
        with committed_database.transaction(actor) as db:
            actions.test(db, actor, queries.get_endpoint(db, actor, made.endpoint.id))
        receiver.wait_for(3)
        wait_until(settings.database_url, LEFT, 0)
        with committed_database.transaction(actor) as db:
            endpoint = queries.get_endpoint(db, actor, made.endpoint.id)
            count = actions.replay(db, actor, endpoint, endpoint.created_at.replace(year=2026, month=1))
        receiver.wait_for(4)
        wait_until(settings.database_url, LEFT, 0)
    assert count == 1
    types = [json.loads(request.body)["type"] for request in receiver.received]
    assert types == ["session.moved", "session.moved", "endpoint.test", "session.moved"]
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 2


def test_totals_that_failed_are_not_sent_after_newer_ones(committed_database, settings, agency, receiver):
    add(committed_database, settings, agency.id, receiver.url)
    receiver.behave(fake.slow(0.5, fake.status(500)), fake.OK)
    with sending(settings):
        tell(committed_database, agency.id, kind="sales.updated", number=1)
        receiver.wait_for(1)
        # The first try is still under way, or waits for its second: either way newer totals take its place.
        tell(committed_database, agency.id, kind="sales.updated", number=2)
        receiver.wait_for(2)
        wait_until(settings.database_url, LEFT, 0)
    numbers = [json.loads(request.body)["data"]["number"] for request in receiver.received]
    assert numbers == [1, 2]
    assert [one.state for one in deliveries(committed_database)] == ["expired", "delivered"]


def test_one_that_is_taken_for_dead_sends_nothing_more_of_what_it_held(
    committed_database, settings, agency, receiver
):
    """Its lock goes with its connection: what it holds is another's then, and each event still comes once."""
    add(committed_database, settings, agency.id, receiver.url, max_in_flight=1)
    receiver.behave(fake.slow(0.3, fake.OK))
    with sending(settings), psycopg.connect(settings.database_url, autocommit=True) as other:
        with committed_database.transaction(HUB) as db:
            for number in range(8):
                write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={"number": number})
        receiver.wait_for(1)
        (token,) = other.execute("SELECT token FROM webhook_sender").fetchone() or (0,)
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'xinji-live sender ears'"
        )
        other.execute("SELECT pg_advisory_lock(%s)", (token,))
        # As another sender does that finds the lock free: what waits in the first one's lane is its own now.
        taken = other.execute("UPDATE webhook_delivery SET lease = 7 WHERE state = 'sending'").rowcount
        assert taken >= 5
        before = len(receiver.received)
        time.sleep(2)
        assert len(receiver.received) <= before + 1, "sent what is another's"
        other.execute(
            "UPDATE webhook_delivery SET state = 'pending', lease = NULL, next_at = now() WHERE lease = 7"
        )
        other.execute("SELECT pg_advisory_unlock(%s)", (token,))
        wait_until(settings.database_url, LEFT, 0)
    ids = [request.headers["webhook-id"] for request in receiver.received]
    # The one in flight at that moment may come twice, as after a kill.
    assert (len(set(ids)), len(ids) <= 9) == (8, True)


@pytest.mark.parametrize("cut", ["sender ears", "sender work", "sender fan-out"])
def test_what_a_swallowed_claim_took_is_sent_without_waiting_for_its_lease(
    committed_database, settings, agency, receiver, cut
):
    """Whether all connections broke, as with PostgreSQL, or one of the two that claim."""
    add(committed_database, settings, agency.id, receiver.url)
    with sending(settings), psycopg.connect(settings.database_url, autocommit=True) as other:
        (token,) = other.execute("SELECT token FROM webhook_sender").fetchone() or (0,)
        with committed_database.transaction(HUB) as db:
            write(db, "session.moved", session_id=1, agency_ids=[agency.id], data={})
        receiver.wait_for(1)
        wait_until(settings.database_url, LEFT, 0)
        # As after a crash between the commit of a claim and its answer: leased to the sender, which knows nothing.
        other.execute(
            "UPDATE webhook_delivery SET state = 'sending', lease = %s, next_at = now() + interval '40 s'",
            (token,),
        )
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = %s",
            (f"xinji-live {cut}",),
        )
        receiver.wait_for(2, seconds=10)
