"""Merging: whatever the order and however often, the same state."""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.sales.lines import line_of
from campaign.sales.merging import EXPORT, PUSH, State, Statement, dump, load, merged
from campaign.sales.statements import digest_of

SECOND = 1_000_000


def said(version: int, status: str, rank: int = PUSH, **fields: Any) -> Statement:
    order = {"created": 0, "paid": 1, "shipped": 2, "received": 3, "completed": 4, "cancelled": 5}
    fields["status"] = status
    return Statement(rank, version, order[status], digest_of(fields), fields)


statements = st.builds(
    lambda rank, version, status, fields, paid_by: Statement(
        rank, version, status, digest_of(fields), fields, paid_by_us=paid_by
    ),
    st.sampled_from([PUSH, EXPORT]),
    st.integers(0, 3).map(lambda n: n * SECOND // 2),
    st.integers(0, 5),
    st.dictionaries(
        st.sampled_from(["paid_fen", "qty", "status", "author_id", "room_id"]), st.integers(0, 3), min_size=1
    ),
    st.one_of(st.none(), st.integers(0, 5)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(statements, min_size=1, max_size=4))
def test_all_orders_repetitions_and_batchings_give_the_same_line(them: list[Statement]) -> None:
    whole = dump(merged(State(), them))
    for order in itertools.permutations(them):
        one_by_one = State()
        for statement in (*order, order[0]):
            one_by_one = load(dump(merged(one_by_one, [statement])))
        assert dump(one_by_one) == whole


def test_a_late_paid_does_not_undo_completed() -> None:
    state = merged(State(), [said(9 * SECOND, "completed", ordered_at=1), said(2 * SECOND, "paid")])
    assert line_of(state).status == "completed"


def test_status_rank_decides_within_one_second_only() -> None:
    same = merged(State(), [said(SECOND + 5, "paid"), said(SECOND, "shipped")])
    assert line_of(same).status == "shipped"
    later = merged(State(), [said(2 * SECOND, "paid"), said(SECOND, "shipped")])
    assert line_of(later).status == "paid"


def test_money_of_an_export_stands_above_a_later_push_and_status_does_not() -> None:
    state = merged(
        State(), [said(SECOND, "paid", EXPORT, paid_fen=100), said(9 * SECOND, "shipped", paid_fen=50)]
    )
    assert (state.fields()["paid_fen"], state.fields()["status"]) == (100, "shipped")


def test_what_a_newer_statement_leaves_out_is_kept() -> None:
    state = merged(State(), [said(SECOND, "paid", room_id="r1"), said(2 * SECOND, "shipped", author_id="a")])
    assert state.fields()["room_id"] == "r1"
