"""Pushes that go well are answered before Flask; what it answers otherwise is the same as it was."""

import json
from typing import Any

import pytest

from campaign.accounts.actions import Scope, create_key
from campaign.api import quick_lane
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.sales.intake import Intake
from tests.sales_kit import told_line

PATH = quick_lane.PATH


@pytest.fixture
def post(client: Any, database: Database, app: Any) -> Any:
    """post(body, role=…, ask_flask=…): the answer; ask_flask leaves the lane out, as a control."""
    keys: dict[str, str] = {}
    with database.transaction(SYSTEM) as db:
        secret = app.extensions["parts"].settings.secret_key
        for scope in (Scope("connector"), Scope("hub", hub_role="manager")):
            keys[scope.role] = create_key(db, SYSTEM, secret_key=secret, name="a key", scope=scope).key

    def send(body: bytes, *, role: str = "connector", ask_flask: bool = False, **given: Any) -> Any:
        headers = {"Authorization": f"Bearer {keys[role]}", "Content-Type": "application/json"} | given
        lane = app.wsgi_app
        if ask_flask:
            app.wsgi_app = lane._behind
        try:
            return client.post(PATH, data=body, headers=headers)
        finally:
            app.wsgi_app = lane

    return send


def body(*events: Any) -> bytes:
    return json.dumps({"events": events}).encode()


def test_an_answer_is_the_same_to_the_letter_and_the_view_is_not_asked(
    post: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = post(body(told_line(1), told_line(2)), ask_flask=True)
    monkeypatch.setitem(app.view_functions, "api_ingest.push_by_key", None)
    quick = post(body(told_line(3), told_line(4)))
    assert (quick.status_code, quick.data) == (200, slow.data)
    assert set(quick.headers) == set(slow.headers)


@pytest.mark.parametrize(
    ("sent", "given"),
    [
        (body(told_line(1, qty="1"), told_line(2)), {}),
        (body(told_line(1), told_line(1, paid_fen=2)), {}),
        (body(), {}),
        (b'{"events": [', {}),
        (b"\xff", {}),
        (body(told_line(1)), {"role": "hub"}),
        (body(told_line(1)), {"Authorization": "Bearer nobody"}),
        (body(told_line(1)), {"Authorization": "Basic x"}),
        (b'{"events": [', {"Authorization": "Bearer nobody"}),
        (b" " * (4 * 1024 * 1024 + 1), {}),
    ],
)
def test_what_does_not_go_well_is_answered_as_before(
    post: Any, sent: bytes, given: dict[str, Any], database: Database
) -> None:
    savepoint = database._bind.begin_nested()  # type: ignore[union-attr]
    slow = post(sent, ask_flask=True, **given)
    savepoint.rollback()
    quick = post(sent, **given)
    assert (quick.status_code, quick.json) == (slow.status_code, slow.json)
    assert quick.status_code != 200 or quick.json["rejected"] != []


def test_what_was_taken_is_not_taken_again_to_word_what_was_not(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    real = Intake.take_in
    monkeypatch.setattr(Intake, "take_in", lambda self, *given: taken.append(1) or real(self, *given))
    answer = post(body(told_line(1), told_line(2, qty=-1)))
    assert (answer.json["accepted"], answer.json["duplicates"], len(taken)) == (1, 0, 1)
    assert [(one["index"], one["field"]) for one in answer.json["rejected"]] == [(1, "qty")]


def test_a_fault_of_ours_is_logged_and_answered_once(post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Intake, "take_in", broken)
    answer = post(body(told_line(1)))
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
