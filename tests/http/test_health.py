"""/healthz says alive; /readyz says ready only when every part was seen at work."""

from campaign.kit import heartbeat
from campaign.kit.actor import SYSTEM


def test_alive_needs_nothing(client):
    assert client.get("/healthz").json == {"status": "alive"}


def test_ready_only_when_clock_and_sender_were_seen(client, database):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"] == {
        "database": True,
        "migrations": True,
        "redis": True,
        "clock": False,
        "sender": False,
    }
    with database.transaction(SYSTEM) as db:
        heartbeat.beat(db, "clock")
        heartbeat.beat(db, "sender")
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.json
    assert answer.json["status"] == "ready"
