"""Strict JSON: what a parser would swallow and we refuse."""

import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.kit.strict_json import BadJson, canonical, decode, decode_flat_events, depth_of

CORPUS = Path(__file__).parents[1] / "data" / "bad_json"
REFUSED = {
    "bom": "malformed",
    "comments": "malformed",
    "deep_array_1k": "too_deep",
    "dup_event_id": "duplicate_key",
    "empty": "malformed",
    "hex": "malformed",
    "huge_int": "malformed",
    "inf": "malformed",
    "leading_zero": "malformed",
    "nan": "malformed",
    "neg_inf": "malformed",
    "raw_newline": "malformed",
    "space": "malformed",
    "surrogate_utf8": "not_utf8",
    "trailing_comma": "malformed",
    "two_documents": "malformed",
    "unquoted": "malformed",
    "utf16le": "malformed",
}


@pytest.mark.parametrize(("name", "code"), REFUSED.items())
def test_what_is_no_strict_json_is_refused_with_its_reason(name: str, code: str) -> None:
    with pytest.raises(BadJson) as caught:
        decode((CORPUS / f"{name}.bin").read_bytes())
    assert caught.value.code == code


def test_sixteen_levels_are_read_and_seventeen_refused() -> None:
    assert decode(b"[" * 16 + b"]" * 16) is not None
    with pytest.raises(BadJson):
        decode(b"[" * 17 + b"]" * 17)


def test_brackets_inside_strings_are_no_depth() -> None:
    assert depth_of(json.dumps({"a": '[[[[{{{\\"[['}).encode()) == 1


def test_a_body_over_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(BadJson) as caught:
        decode(b" " * 300_000)
    assert caught.value.code == "too_large"


def test_a_megabyte_of_escaped_quotes_takes_no_time() -> None:
    started = time.perf_counter()
    with pytest.raises(BadJson):
        decode(b'"' + b'\\"' * 500_000, largest=2_000_000)
    assert time.perf_counter() - started < 2


def test_equal_content_has_one_canonical_form() -> None:
    assert canonical({"b": 1, "a": "皮"}) == canonical({"a": "皮", "b": 1}) == '{"a":"皮","b":1}'.encode()


def test_a_lone_surrogate_is_refused_because_it_cannot_be_stored() -> None:
    with pytest.raises(BadJson):
        canonical(decode(b'{"a":"\\ud800"}'))


VALUES = st.one_of(st.text(), st.integers(-(2**80), 2**80), st.booleans(), st.none(), st.floats())
FLAT = st.dictionaries(st.text(), VALUES, max_size=5)


NESTED = st.recursive(
    VALUES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


@given(FLAT | NESTED)
def test_the_quick_canonical_form_is_that_of_json(value: object) -> None:
    try:
        slow = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        expected: bytes | None = slow.encode()
    except ValueError:
        expected = None
    try:
        assert canonical(value) == expected
    except BadJson:
        assert expected is None


def _noisy(chance: random.Random, body: bytes) -> bytes:
    """A few bytes of a body taken away, doubled or exchanged."""
    for _ in range(chance.randint(0, 3)):
        at, length = chance.randrange(len(body) + 1), chance.randint(1, 12)
        piece = chance.choice(
            (b"", body[at : at + length] * 2, b'"', b"\\", b"{", b"[", b" ", b"\x00", b"1e5", b",")
        )
        body = body[:at] + piece + body[at + length :]
    return body


@given(st.lists(FLAT, max_size=3), st.randoms(use_true_random=False))
@settings(max_examples=1500)
def test_the_quick_reader_of_batches_takes_only_what_the_strict_one_reads_the_same(
    events: list[dict[str, object]], chance: random.Random
) -> None:
    body = _noisy(
        chance, json.dumps({"events": events}, ensure_ascii=chance.random() < 0.5).encode("utf-8", "replace")
    )
    quick = decode_flat_events(body)
    if quick is not None:
        assert decode(body) == {"events": quick}


def test_the_quick_reader_reads_what_is_usual_and_leaves_the_rest() -> None:
    assert decode_flat_events(b'{"events": [{"a": "x", "b": 1, "c": null}]}') == [
        {"a": "x", "b": 1, "c": None}
    ]
    for body in (
        b'{"events": [{"a": 1, "a": 2}]}',
        b'{"events": [{"a": 1, "a" : 2}]}',
        b'{"events": [], "events": [{"a": 1}]}',
        b'{"events": [{"a": {"b": 1}}]}',
        b'{"events": [{"a": 1.5}]}',
        b'{"events": [{"a": "\\ud800"}]}',
        b'{"events": [{}], "more": 1}',
        b'\xef\xbb\xbf{"events": [{}]}',
    ):
        assert decode_flat_events(body) is None, body
