"""The door for pushes: what arrives together is stored together, and nobody pays for a neighbour's fault."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.accounts.actions import Scope, create_key
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.database import Database
from campaign.kit.errors import Forbidden, Unauthenticated
from campaign.sales import intake as intake_module
from campaign.sales.batches import Batch
from campaign.sales.intake import Intake, TooManyPushes, _Push
from tests.sales_kit import assert_reconciled, fold_all, told_line

KEY = b"k" * 32
CONNECTOR = Actor(kind="key", role="connector", id=5, name="push")
ELSEWHERE = Actor(kind="key", role="connector", id=6, name="another", shop_ids=(1,))


class Spoilt(tuple[int, ...]):
    """Shops that break whoever looks at them."""

    __slots__ = ()

    def __iter__(self) -> Any:
        raise RuntimeError("spoilt")


SPOILT = Actor(kind="key", role="connector", id=7, name="spoilt", shop_ids=Spoilt((1,)))


def all_at_once(intake: Intake, pushes: Sequence[tuple[Actor | str, list[Any]]]) -> list[Any]:
    """What each push was answered, or the error it met; all of them wait at the door together."""
    with at_work(intake):
        answers = [sent(intake, *events, sender=sender) for sender, events in pushes]
        wait_for(lambda: len(intake._queue.pushes) == len(pushes))
    return [answer.exception(20) or answer.result() for answer in answers]


def stored(database: Database) -> tuple[int, int]:
    """(events, transactions that stored them)."""
    with database.transaction(SYSTEM) as db:
        row = db.execute(text("SELECT sum(events), count(DISTINCT xmin::text) FROM sale_parcel")).one()
    return row[0], row[1]


def test_pushes_that_wait_together_share_one_transaction(committed_database: Database) -> None:
    intake = Intake(committed_database, KEY)
    pushes: list[tuple[Actor, list[Any]]] = [(CONNECTOR, [told_line(number)]) for number in range(8)]
    again = [*pushes[3][1], told_line(9)]
    answers = all_at_once(intake, [*pushes, (CONNECTOR, again), (ELSEWHERE, [told_line(10)])])
    assert sum(answer.duplicates for answer in answers) == 1
    assert sum(answer.accepted for answer in answers) == 9
    assert [(one.index, one.code) for one in answers[9].rejected] == [(0, "out_of_scope")]
    assert stored(committed_database) == (9, 1)
    fold_all(committed_database)
    assert_reconciled(committed_database)


def test_a_push_that_breaks_is_answered_alone(committed_database: Database) -> None:
    intake = Intake(committed_database, KEY)
    answers = all_at_once(
        intake, [(CONNECTOR, [told_line(1)]), (SPOILT, [told_line(2)]), (CONNECTOR, [told_line(3)])]
    )
    assert [getattr(answer, "accepted", 0) for answer in answers] == [1, 0, 1]
    assert isinstance(answers[1], RuntimeError)
    assert stored(committed_database) == (2, 2)
    # Nobody works any more, and whoever comes later finds the door open.
    assert intake.take_in(CONNECTOR, Batch([told_line(4)], [])).accepted == 1


def test_whose_keys_they_are_is_looked_up_with_the_batch(committed_database: Database) -> None:
    with committed_database.transaction(SYSTEM) as db:
        good = _key(db, Scope("connector"))
        other = _key(db, Scope("hub", hub_role="manager"))
    pushes = [
        (good, [told_line(1)]),
        ("nobody's", [told_line(2)]),
        (other, [told_line(3)]),
        (good, [told_line(4)]),
    ]
    answers = all_at_once(Intake(committed_database, KEY), pushes)
    assert [getattr(answer, "accepted", answer) for answer in (answers[0], answers[3])] == [1, 1]
    assert [type(answer) for answer in answers[1:3]] == [Unauthenticated, Forbidden]
    assert stored(committed_database) == (2, 1)


def _key(db: Session, scope: Scope) -> str:
    return create_key(db, SYSTEM, secret_key=KEY, name="a key", scope=scope).key


def test_more_than_one_transaction_should_hold_is_split(committed_database: Database) -> None:
    intake = Intake(committed_database, KEY)
    many = [(CONNECTOR, [told_line(part * 1000 + number) for number in range(900)]) for part in range(4)]
    assert [answer.accepted for answer in all_at_once(intake, many)] == [900] * 4
    assert stored(committed_database) == (3600, 2)


@pytest.mark.parametrize("together", [1, 5])
def test_a_database_that_is_away_is_said_to_all(together: int) -> None:
    away = Database.connect("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    answers = all_at_once(Intake(away, KEY), [(CONNECTOR, [told_line(number)]) for number in range(together)])
    assert [answer.status for answer in answers] == [503] * together
    away.dispose()


def test_more_than_there_is_room_for_is_sent_away_and_comes_in_later(
    committed_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "MOST_INSIDE", 4)
    intake = Intake(committed_database, KEY)
    with at_work(intake):
        inside = [sent(intake, told_line(number)) for number in range(3)]
        wait_for(lambda: len(intake._queue.pushes) == 3)
        assert intake.is_full
        late = sent(intake, told_line(9))
        with pytest.raises(TooManyPushes) as refused:
            late.result(5)
    assert (refused.value.status, 1 <= refused.value.retry_after <= 3) == (503, True)
    assert [one.result(20).accepted for one in inside] == [1, 1, 1]
    assert stored(committed_database) == (3, 1)
    assert not intake.is_full
    assert sent(intake, told_line(9)).result(20).accepted == 1


def test_large_pushes_fill_the_room_by_their_events(
    committed_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "MOST_EVENTS_INSIDE", 10)
    intake = Intake(committed_database, KEY)
    with at_work(intake):
        inside = sent(intake, *(told_line(number) for number in range(8)))
        wait_for(lambda: len(intake._queue.pushes) == 1)
        with pytest.raises(TooManyPushes):
            sent(intake, *(told_line(number) for number in range(20, 23))).result(5)
        small = sent(intake, told_line(30))
        wait_for(lambda: len(intake._queue.pushes) == 2)
    assert (inside.result(20).accepted, small.result(20).accepted) == (8, 1)
    # A push that is larger than the room finds it where nobody else is.
    assert sent(intake, *(told_line(number) for number in range(40, 60))).result(20).accepted == 20


def test_a_push_that_nobody_begins_with_is_sent_away_with_nothing_of_it_kept(
    committed_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "PATIENCE_SECONDS", 0.2)
    intake = Intake(committed_database, KEY)
    with at_work(intake):
        with pytest.raises(TooManyPushes):
            sent(intake, told_line(1)).result(5)
        assert intake._queue.pushes == []
    assert stored(committed_database) == (None, 0)
    assert sent(intake, told_line(1)).result(20).accepted == 1


@contextmanager
def at_work(intake: Intake) -> Iterator[None]:
    """Somebody is at work, as long as the block runs."""
    busy = _Push(CONNECTOR, [])
    assert intake._queue.joins(busy)
    intake._queue.some()
    yield
    intake._queue.leave()
    intake._queue.forgets(busy)


def sent(intake: Intake, *events: Any, sender: Actor | str = CONNECTOR) -> "Future[Any]":
    """One push, by a thread of its own."""
    answer: Future[Any] = Future()

    def run() -> None:
        try:
            answer.set_result(intake.take_in(sender, Batch(list(events), [])))
        except Exception as error:  # noqa: BLE001 - given to the test
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)
