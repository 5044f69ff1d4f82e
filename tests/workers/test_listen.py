"""`campaign listen` as an agency would run it: behind a real sender, and asking by itself."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import requests
from standardwebhooks import Webhook

from campaign.delivery import queries
from campaign.delivery.schemas import EventQuery
from campaign.kit import signing
from campaign.outbox.actions import write
from tests.factory import HUB, Factory
from tests.fakes import receiver as fake
from tests.fakes.receiver import Receiver
from tests.fakes.senders import ROOT, add, environment, sending

SECRET = signing.new_secret()


@contextmanager
def listening(settings, *words):
    """The command, with the address it listens on."""
    child = subprocess.Popen(
        [sys.executable, "-m", "campaign", "listen", "--port", "0", *words],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield child, child.stderr.readline().split()[-1]
    finally:
        child.kill()
        child.communicate()


def posted(url: str, secret: str, body: bytes = b'{"type":"session.moved","data":{}}') -> int:
    headers = signing.signed_headers([secret], "evt_1", int(datetime.now(UTC).timestamp()), body)
    return requests.post(url, data=body, headers=headers, timeout=10).status_code


def test_it_prints_what_the_sender_sends(committed_database, settings):
    agency = Factory(committed_database).agency()
    with Receiver() as placeholder:
        made = add(committed_database, settings, agency.id, placeholder.url)
    with listening(settings, "--secret", made.secret, "--count", "1", "--json") as (child, url):
        with committed_database.transaction(HUB) as db:
            db.merge(made.endpoint).url = url
            write(db, "session.moved", session_id=5, agency_ids=[agency.id], data={"title": "夜场"})
        with sending(settings):
            out, _ = child.communicate(timeout=20)
    event = json.loads(out)
    assert event["data"] == {"session_id": "ses_0000000000005", "seq": 1, "title": "夜场"}
    assert event["id"].startswith("evt_")
    assert child.returncode == 0


def test_it_refuses_what_is_not_signed_with_its_secret(settings):
    with listening(settings, "--secret", SECRET) as (child, url):
        assert posted(url, signing.new_secret()) == 401
        assert requests.post(url, data=b"{}", timeout=10).status_code == 401
        assert requests.post(url, data=b"x" * 70_000, timeout=10).status_code == 413
        assert posted(url, SECRET) == 204
        assert posted(url, SECRET, b"[" * 50_000) == 422
        assert "session.moved" in child.stdout.readline()


def test_it_hands_on_and_answers_as_the_one_behind_it(settings):
    with Receiver() as behind, listening(settings, "--secret", SECRET, "--forward", behind.url) as (_, url):
        behind.behave(fake.status(200), fake.status(503))
        assert [posted(url, SECRET), posted(url, SECRET)] == [200, 503]
        request = behind.received[0]
        signing.verify([SECRET], request.headers, request.body, datetime.now(UTC))


@pytest.mark.parametrize(
    ("behaves", "status"),
    [
        (fake.redirect(302, "/elsewhere"), 302),
        (fake.redirect(301, "/elsewhere"), 301),
        (fake.redirect(307, "/elsewhere"), 307),
        (fake.HTTP09, 502),
        (fake.raw(b"HTTP/1.1 200 OK\r\n" + b"X-Many: a\r\n" * 300 + b"\r\n"), 502),
        (fake.RESET, 502),
    ],
)
def test_what_the_one_behind_did_not_take_is_not_counted_as_taken(settings, behaves, status):
    """Its answer is passed on as it is: a redirect is a failure to our sender, which tries again."""
    with Receiver() as behind:
        behind.behave(behaves)
        words = ("--secret", SECRET, "--forward", f"{behind.url}/hooks")
        with listening(settings, *words) as (child, url):
            assert posted(url, SECRET) == status
            behind.behave(fake.OK)
            assert posted(url, SECRET, b'{"type":"session.offered","data":{}}') == 200
            assert "session.offered" in child.stdout.readline()
    assert [(one.method, one.target) for one in behind.received] == [("POST", "/hooks")] * 2


def test_no_proxy_of_the_environment_comes_between(settings, monkeypatch):
    with Receiver() as behind, Receiver() as proxy:
        proxy.behave(fake.status(502))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        words = ("--secret", SECRET, "--forward", behind.url)
        with listening(settings, *words) as (_, url), requests.Session() as asking:
            asking.trust_env = False
            headers = signing.signed_headers([SECRET], "evt_1", int(time.time()), b"{}")
            assert asking.post(url, data=b"{}", headers=headers, timeout=10).status_code == 200
    assert (len(behind.received), proxy.received) == (1, [])


KEY = ("--key", "k")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), "--secret"),
        (("--secret", "whsec_!"), "--secret"),
        (("--fetch", "http://127.0.0.1:1"), "--key"),
        (("--fetch", "http://127.0.0.1:1", *KEY), "--fetch"),
        (("--fetch", "http://127.0.0.1:1", "--key", "钥匙"), "--key"),
        (("--fetch", "127.0.0.1:8000", *KEY), "--fetch"),
        (("--fetch", "", *KEY), "--fetch"),
        (("--secret", SECRET, "--port", "70000"), "--port"),
        (("--secret", SECRET, "--port", "0", "--host", "no.such.host.invalid"), "--host"),
        *(
            (("--secret", SECRET, "--port", "0", "--forward", bad), "--forward")
            for bad in (
                "127.0.0.1:3000/hooks",
                "localhost:3000",
                "ftp://127.0.0.1/",
                "http://",
                "http://h:port/",
                "http://h:99999/",
                "http://h/钩子",
                "http://h/a b",
                "http://me:secret@h/",
                "",
            )
        ),
    ],
)
def test_what_is_missing_or_wrong_is_said_by_its_option(settings, words, named):
    done = subprocess.run(
        [sys.executable, "-m", "campaign", "listen", *words],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("listen: ")
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_it_fetches_from_behind_a_firewall(settings):
    first = json.dumps(
        {
            "items": [{"id": "evt_1", "type": "session.moved", "data": {}}],
            "next_cursor": "abc",
            "forgotten": True,
        }
    ).encode()
    with Receiver() as product:
        product.behave(fake.status(200, first))
        started = time.monotonic()
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "campaign",
                "listen",
                "--fetch",
                product.url,
                "--key",
                "k",
                "--count",
                "2",
            ],
            cwd=ROOT,
            env=environment(settings),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert (done.returncode, done.stdout.count("session.moved")) == (0, 2)
    assert "some may be gone: see /sessions?updated_since=" in done.stderr
    assert time.monotonic() - started < 15
    assert [request.target for request in product.received] == [
        "/api/v1/events?wait=20",
        "/api/v1/events?wait=20&after=abc",
    ]
    assert product.received[0].headers["authorization"] == "Bearer k"
    # The second page was not taken whole: its first event would come again, none would be missed.
    assert "go on with --after abc" in done.stderr


PAGE = json.dumps(
    {"items": [{"id": "evt_1", "type": "session.moved", "data": {}}], "next_cursor": "abc"}
).encode()


EMPTY = fake.status(200, b'{"items": [], "next_cursor": "abc"}')


def fetched(settings, product, *more, count=1):
    """`listen --fetch`, until so many events came."""
    words = ("--fetch", product.url, "--key", "k", "--count", str(count), *more)
    return subprocess.run(
        [sys.executable, "-m", "campaign", "listen", *words],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )


@pytest.mark.parametrize("first", [True, False])
def test_an_installation_that_is_busy_is_asked_again_when_it_said(settings, first):
    with Receiver() as product:
        busy = fake.status(503, retry_after="5")
        product.behave(*([] if first else [EMPTY]), busy, fake.status(200, PAGE))
        done = fetched(settings, product)
    assert (done.returncode, done.stdout.count("session.moved")) == (0, 1), done.stderr
    asked = [one.at for one in product.received]
    assert len(asked) == (2 if first else 3)
    assert 4.5 <= asked[-1] - asked[-2] < 10


@pytest.mark.parametrize(
    "rubbish", [fake.HTTP09, fake.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")]
)
def test_half_an_answer_is_asked_for_again(settings, rubbish):
    with Receiver() as product:
        product.behave(EMPTY, rubbish, fake.status(200, PAGE))
        done = fetched(settings, product)
        assert (done.returncode, done.stdout.count("session.moved")) == (0, 1), done.stderr
        assert [one.target[-3:] for one in product.received] == ["=20", "abc", "abc"]
        # At the very first it may be any other server: that is said, in a line.
        product.behave(rubbish)
        done = fetched(settings, product)
    assert (done.returncode, done.stderr.startswith("listen: "), "Traceback" in done.stderr) == (
        1,
        True,
        False,
    )


@pytest.mark.parametrize(
    "foreign",
    [
        b"{}",
        b"[]",
        b"null",
        b"<html>",
        b"[" * 9000,
        b'{"items": {}, "next_cursor": "abc"}',
        b'{"items": [{"type": "session.moved"}], "next_cursor": "abc"}',
        b'{"items": [1], "next_cursor": "abc"}',
        b'{"items": [], "next_cursor": null}',
    ],
)
def test_what_is_no_installation_is_told_as_such(settings, foreign):
    with Receiver() as product:
        product.behave(fake.status(200, foreign))
        done = fetched(settings, product)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert done.stderr.startswith(f"listen: {product.url} (--fetch) answers, and not with events")


@pytest.mark.parametrize(
    ("status", "named"), [(401, "--key"), (403, "--key"), (404, "HOST:PORT"), (422, "--after")]
)
def test_what_is_refused_says_which_option_to_look_at(settings, status, named):
    with Receiver() as product:
        product.behave(fake.status(status, b"{}"))
        done = fetched(settings, product)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert f"answered {status}" in done.stderr
    assert named in done.stderr


def test_an_event_of_another_shape_is_printed_all_the_same(settings):
    odd = {
        "items": [{"id": "evt_1", "type": "x", "data": [1]}, {"id": "evt_2", "data": {"session": "ses_1"}}]
    }
    with Receiver() as product:
        product.behave(fake.status(200, json.dumps(odd | {"next_cursor": "abc"}).encode()))
        done = fetched(settings, product, count=2)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2), done.stderr
    with listening(settings, "--secret", SECRET) as (child, url):
        assert [posted(url, SECRET, body) for body in (b"[]", b"x", b'{"data": 5, "type": "y"}')] == [
            422,
            422,
            204,
        ]
        assert " y " in child.stdout.readline()


def test_what_the_hub_fetched_is_printed_as_its_agency_got_it(settings):
    item = {"id": "evt_1", "agency_id": "agc_1", "type": "session.moved", "data": {}}
    with Receiver() as product, Receiver() as behind:
        product.behave(fake.status(200, json.dumps({"items": [item], "next_cursor": "abc"}).encode()))
        done = fetched(settings, product, "--forward", behind.url)
    assert done.returncode == 0, done.stderr
    assert [json.loads(one.body) for one in behind.received] == [{"type": "session.moved", "data": {}}]


def test_an_installation_that_names_a_date_is_asked_again_then(settings):
    """Held against its own clock, which is far off ours here."""
    date, later = "Mon, 23 Nov 2020 12:00:00 GMT", "Mon, 23 Nov 2020 12:00:05 GMT"
    head = f"HTTP/1.1 503 Busy\r\nDate: {date}\r\nRetry-After: {later}\r\nContent-Length: 0\r\n\r\n"
    with Receiver() as product:
        product.behave(fake.raw(head.encode()), fake.status(200, PAGE))
        done = fetched(settings, product)
    assert (done.returncode, done.stdout.count("session.moved")) == (0, 1), done.stderr
    assert "asked again in 5 s" in done.stderr


def test_an_installation_is_not_looked_for_where_a_redirect_points(settings):
    """The key would go along."""
    with Receiver() as product, Receiver() as elsewhere:
        product.behave(fake.redirect(302, f"{elsewhere.url}/api/v1/events"))
        elsewhere.behave(fake.status(200, PAGE))
        done = fetched(settings, product)
    assert (done.returncode, elsewhere.received) == (1, [])
    assert "answered 302" in done.stderr


def test_what_it_fetched_is_handed_on_signed_in_order_until_taken(committed_database, settings):
    """As an agency behind a firewall runs it: the real feed, and a receiver of its own that is down at first."""
    agency = Factory(committed_database).agency()
    with Receiver() as agencys:
        made = add(committed_database, settings, agency.id, agencys.url)
        with sending(settings):
            with committed_database.transaction(HUB) as db:
                for title in ("夜场", '<返场> & "皮"'):
                    write(db, "session.moved", session_id=5, agency_ids=[agency.id], data={"title": title})
            sent = agencys.wait_for(2)
    with committed_database.transaction(HUB) as db:
        page = queries.events_after(db, HUB, EventQuery(), event_days=30).model_dump_json().encode()
    with Receiver() as product, Receiver() as behind:
        product.behave(fake.status(200, page))
        behind.behave(fake.status(503), fake.status(200))
        words = ("--fetch", product.url, "--key", "k", "--forward", behind.url, "--secret", made.secret)
        done = subprocess.run(
            [sys.executable, "-m", "campaign", "listen", *words, "--count", "2"],
            cwd=ROOT,
            env=environment(settings),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    ids = [request.headers["webhook-id"] for request in behind.received]
    assert ids == [sent[0].headers["webhook-id"]] * 2 + [sent[1].headers["webhook-id"]]
    assert [request.body for request in behind.received[1:]] == [request.body for request in sent]
    for request in behind.received:
        Webhook(made.secret).verify(request.body, request.headers)
