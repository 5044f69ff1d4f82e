"""The quick reader of batches takes only what the strict one takes, and makes the same of it."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.kit.strict_json import BadJson, decode
from campaign.sales import plain
from campaign.sales.batches import read_batch
from campaign.sales.events import MetricSample, OrderLine, Refund
from campaign.sales.submissions import note_far_off, prepared

SALT = b"s" * 32
NOW = datetime(2026, 11, 11, 12, tzinfo=UTC)
MOMENT = st.sampled_from(
    ("2026-11-11T12:00:01Z",) * 9
    + (
        "2026-11-11T20:00:00+08:00",
        "2026-11-11T12:00:00Z",
        "2026-11-11t12:00:00.123456789z",
        "2026-11-11T12:00:00.5+00:00",
        "2026-11-11T12:06:00Z",
        "2026-01-01T00:00:00Z",
        "2026-11-11 12:00:00Z",
        "2026-11-11T12:00:00",
        "2026-W46-3T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "1999-12-31T23:59:59Z",
        "",
    )
)
TEXT = st.text(st.characters(codec="utf-8", min_codepoint=32), min_size=1, max_size=4) | st.sampled_from(
    ("x" * 101, "皮衣", "null")
)
NUMBER = st.integers(-1, 3) | st.sampled_from((10**12, 10**12 + 1, 2**62, 1.0, 1.5, True, "1"))
OF_TYPE = {"order.line": OrderLine, "refund": Refund, "metric.sample": MetricSample}
GOOD: dict[str, Any] = {
    "event_id": "e1",
    "occurred_at": "2026-11-11T12:00:00Z",
    "platform": "douyin",
    "shop_id": "4001",
    "line_id": "l1",
    "status": "paid",
    "ordered_at": "2026-11-11T12:00:00Z",
    "currency": "CNY",
    "qty": 1,
    "paid_fen": 100,
    "refund_id": "r1",
    "amount_fen": 5,
    "room_id": "7001",
    "at": "2026-11-11T12:00:00Z",
}


FIT = {
    "buyer_hash": TEXT,
    "paid_at": MOMENT,
    "shipped_at": MOMENT,
    "version": MOMENT | st.integers(-1, 2**63 - 1),
    "succeeded_at": MOMENT,
    "traffic": st.sampled_from(("live", "unknown", "none such")),
    "is_ad": st.booleans(),
    "currency": st.sampled_from(("CNY", "USD", "cny", "CN", "CNYX", "CNY\n", "ＣＮＹ", "")),
    "paid_fen": st.integers(-1, 3) | st.just(10**12 + 1),
    "viewers": st.integers(-1, 3),
    "merchant_sku": TEXT,
    "reason_code": TEXT,
}
"""Fields that mostly fit their types: what does not is seldom read quickly."""


def _values(name: str) -> st.SearchStrategy[Any]:
    if name in ("occurred_at", "at", "version") or name.endswith("_at"):
        return MOMENT | NUMBER
    return TEXT | NUMBER | st.none()


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """An event that is mostly right, with a few fields that may not be."""
    kind = draw(st.sampled_from(sorted(OF_TYPE)))
    names = OF_TYPE[kind].__struct_encode_fields__
    made = {"type": kind} | {name: GOOD[name] for name in names if name in GOOD}
    if kind == "refund":
        made["status"] = "success"
    for name in draw(st.lists(st.sampled_from([one for one in names if one in FIT]), max_size=3)):
        made[name] = draw(FIT[name])
    if draw(st.integers(0, 9)) == 0:
        name = draw(st.sampled_from((*names, "colour", "buyer_name")))
        made[name] = draw(_values(name))
    return made


def _noisy(chance: random.Random, body: bytes) -> bytes:
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        at, length = chance.randrange(len(body) + 1), chance.randint(1, 12)
        twice = body[at : at + length] * 2
        piece = chance.choice((b"", twice, b'"', b"\\", b" ", b'"qty":2,', b'"colour":null,', b"1e2"))
        body = body[:at] + piece + body[at + length :]
    return body


def _read(raws: list[Any], written: list[bytes] | None = None) -> Any:
    taken, refused = prepared(raws, salt=SALT, written=written)
    note_far_off(taken, NOW)
    return [
        (
            (one.index, one.platform, one.shop_ref, one.type, one.event_id, one.occurred_at, one.digest)
            + (one.content, one.line_id, one.refund_id, one.held, one.event, one.statement, one.room)
        )
        for one in taken
    ], refused


@given(st.lists(events(), min_size=1, max_size=3), st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=800)
def test_what_the_quick_reader_takes_the_strict_one_reads_the_same(
    told: list[dict[str, Any]], chance: random.Random, compact: bool
) -> None:
    separators = (",", ":") if compact else None
    text = json.dumps({"events": told}, ensure_ascii=False, separators=separators)
    body = _noisy(chance, text.encode("utf-8", "surrogatepass"))
    quick = plain.read_plain(body)
    if quick is None:
        return
    strict = decode(body)
    assert strict.keys() == {"events"}
    assert _read(*quick) == _read(strict["events"])


def test_what_is_usual_is_read_quickly_and_what_is_not_is_left() -> None:
    line = {"type": "order.line"} | {
        name: GOOD[name] for name in OrderLine.__struct_encode_fields__ if name in GOOD
    }
    assert plain.read_plain(json.dumps({"events": [line]}).encode()) is not None
    text = json.dumps(line)
    for unusual in (
        text.replace('"qty": 1', '"qty": 1, "qty": 2'),
        text.replace('"qty": 1', '"qty": 1, "colour": "red"'),
        text.replace('"qty": 1', '"qty": 1, "traffic": null'),
        text.replace('"qty": 1', '"qty": "1"'),
        text.replace('"CNY"', '"cny"'),
        text.replace("e1", "e\\u0031"),
        text.replace("order.line", "room.started"),
        text.replace("}", ',"more": {}}'),
    ):
        assert unusual != text
        assert plain.read_plain(f'{{"events": [{unusual}]}}'.encode()) is None, unusual
    assert plain.read_plain(f'{{"events": [], "events": [{text}]}}'.encode()) is None
    assert plain.read_plain(f'{{"events": [{text}], "more": 1}}'.encode()) is None


def test_a_key_that_stands_twice_is_refused_though_its_quotes_are_made_up_for() -> None:
    """The guard counts quotes: a body with escapes could hide as many as a second key adds, so it is not read here."""
    line = {"type": "order.line"} | {
        name: GOOD[name] for name in OrderLine.__struct_encode_fields__ if name in GOOD
    }
    text = json.dumps(line).replace('"qty": 1', '"qty": 1, "qty": 2').replace("l1", "\\u0022\\u0022\\u0022")
    body = f'{{"events": [{text}]}}'.encode()
    decoded = plain._DECODER.decode(body)
    assert body.count(b'"') <= 2 + msgspec.json.encode(decoded.events).count(b'"')
    with pytest.raises(BadJson, match="duplicate_key"):
        decode(body)
    assert plain.read_plain(body) is None


def test_a_moment_that_is_none_is_told_by_its_field() -> None:
    told = [
        {"type": "order.line"}
        | {name: GOOD[name] for name in OrderLine.__struct_encode_fields__ if name in GOOD}
        | {field: value}
        for field, value in (("paid_at", "yesterday"), ("shipped_at", ""), ("version", -1), ("qty", 1))
    ]
    batch = read_batch(json.dumps({"events": told}).encode(), "application/json")
    assert batch.written is not None
    taken, refused = prepared(batch.raws, salt=SALT, written=batch.written)
    assert [(one.index, one.code, one.field) for one in refused] == [
        (0, "wrong_type", "paid_at"),
        (1, "wrong_type", "shipped_at"),
        (2, "wrong_type", "version"),
    ]
    assert [one.index for one in taken] == [3]


def test_what_is_too_far_off_is_held_whoever_read_it() -> None:
    line = {"type": "order.line"} | {
        name: GOOD[name] for name in OrderLine.__struct_encode_fields__ if name in GOOD
    }
    ahead = (NOW + timedelta(minutes=6)).isoformat()
    told = [line, line | {"paid_at": ahead}, line | {"occurred_at": "2026-08-01T00:00:00Z"}]
    batch = read_batch(json.dumps({"events": told}).encode(), "application/json")
    for taken, _ in (prepared(batch.raws, salt=SALT, written=batch.written), prepared(told, salt=SALT)):
        note_far_off(taken, NOW)
        assert [one.held for one in taken] == [False, True, True]
