"""The door for pushes: what arrives together is stored together, and nobody pays for a neighbour's fault."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.accounts.actions import Scope, create_key
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.errors import Forbidden, Unauthenticated
from campaign.sales.batches import Batch
from campaign.sales.intake import Intake, _Push
from tests.sales_kit import assert_reconciled, fold_all

KEY = b"k" * 32
CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
ELSEWHERE = Actor(kind="key", role="connector", id=6, name="another", shop_ids=(1,))


class Spoilt(tuple[int, ...]):
    """Shops that break whoever looks at them."""

    __slots__ = ()

    def __iter__(self) -> Any:
        raise RuntimeError("spoilt")


SPOILT = Actor(kind="key", role="connector", id=7, name="spoilt", shop_ids=Spoilt((1,)))


def line(number: int) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    return {
        "type": "order.line",
        "event_id": f"e{number}",
        "occurred_at": at,
        "platform": "douyin",
        "shop_id": "4001",
        "line_id": f"l{number}",
        "status": "paid",
        "ordered_at": at,
        "currency": "CNY",
        "qty": 1,
        "paid_fen": 100,
    }


def all_at_once(intake: Intake, pushes: Sequence[tuple[Actor | str, list[Any]]]) -> list[Any]:
    """What each push was answered, or the error it met; all of them wait at the door together."""
    answers: list[Any] = [None] * len(pushes)

    def send(place: int, actor: Actor | str, events: list[Any]) -> None:
        try:
            answers[place] = intake.take_in(actor, Batch(events, []))
        except Exception as error:  # noqa: BLE001 - given to the test
            answers[place] = error

    threads = [threading.Thread(target=send, args=(at, *push)) for at, push in enumerate(pushes)]
    # Somebody is at work until all have queued up.
    assert intake._queue.joins(_Push(CONNECTOR, []))
    intake._queue.some()
    for thread in threads:
        thread.start()
    while len(intake._queue.pushes) < len(pushes):
        threading.Event().wait(0.005)
    intake._queue.leave()
    for thread in threads:
        thread.join()
    return answers


def stored(database: Database) -> tuple[int, int]:
    """(events, transactions that stored them)."""
    with database.transaction(SYSTEM) as db:
        row = db.execute(text("SELECT sum(events), count(DISTINCT xmin::text) FROM sale_parcel")).one()
    return row[0], row[1]


def test_pushes_that_wait_together_share_one_transaction(committed_database: Database) -> None:
    intake = Intake(committed_database, KEY)
    pushes: list[tuple[Actor, list[Any]]] = [(CONNECTOR, [line(number)]) for number in range(8)]
    answers = all_at_once(intake, [*pushes, (CONNECTOR, [line(3), line(9)]), (ELSEWHERE, [line(10)])])
    assert [answer.accepted for answer in answers[:8]].count(1) + answers[8].duplicates == 8
    assert sum(answer.accepted for answer in answers) == 9
    assert [(one.index, one.code) for one in answers[9].rejected] == [(0, "out_of_scope")]
    assert stored(committed_database) == (9, 1)
    fold_all(committed_database)
    assert_reconciled(committed_database)


def test_a_push_that_breaks_is_answered_alone(committed_database: Database) -> None:
    intake = Intake(committed_database, KEY)
    answers = all_at_once(intake, [(CONNECTOR, [line(1)]), (SPOILT, [line(2)]), (CONNECTOR, [line(3)])])
    assert [getattr(answer, "accepted", 0) for answer in answers] == [1, 0, 1]
    assert isinstance(answers[1], RuntimeError)
    assert stored(committed_database) == (2, 2)


def test_whose_keys_they_are_is_looked_up_with_the_batch(committed_database: Database) -> None:
    with committed_database.transaction(SYSTEM) as db:
        good = _key(db, Scope("connector"))
        other = _key(db, Scope("hub", hub_role="manager"))
    pushes = [(good, [line(1)]), ("nobody's", [line(2)]), (other, [line(3)]), (good, [line(4)])]
    answers = all_at_once(Intake(committed_database, KEY), pushes)
    assert [getattr(answer, "accepted", answer) for answer in (answers[0], answers[3])] == [1, 1]
    assert [type(answer) for answer in answers[1:3]] == [Unauthenticated, Forbidden]
    assert stored(committed_database) == (2, 1)


def test_after_the_work_a_later_push_finds_the_door_open(committed_database: Database) -> None:
    intake = Intake(committed_database, KEY)
    answers = all_at_once(intake, [(CONNECTOR, [line(1)]), (SPOILT, [line(2)])])
    assert (answers[0].accepted, type(answers[1])) == (1, RuntimeError)
    assert intake.take_in(CONNECTOR, Batch([line(3)], [])).accepted == 1


def _key(db: Session, scope: Scope) -> str:
    return create_key(db, SYSTEM, secret_key=KEY, name="a key", scope=scope).key


def test_more_than_one_transaction_should_hold_is_split(committed_database: Database) -> None:
    intake = Intake(committed_database, KEY)
    many = [(CONNECTOR, [line(part * 1000 + number) for number in range(900)]) for part in range(4)]
    assert [answer.accepted for answer in all_at_once(intake, many)] == [900] * 4
    assert stored(committed_database) == (3600, 2)


@pytest.mark.parametrize("together", [1, 5])
def test_a_database_that_is_away_is_said_to_all(together: int) -> None:
    away = Database.connect("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    answers = all_at_once(Intake(away, KEY), [(CONNECTOR, [line(number)]) for number in range(together)])
    assert [answer.status for answer in answers] == [503] * together
    away.dispose()
