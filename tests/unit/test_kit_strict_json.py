"""Strict JSON: what a parser would swallow and we refuse."""

import json
import time
from pathlib import Path

import pytest

from campaign.kit.strict_json import BadJson, canonical, decode, depth_of

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
