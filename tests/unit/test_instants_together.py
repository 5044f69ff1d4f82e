"""Instants read together say what each says by itself."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.kit.instants import InstantsByText, parse

WRITTEN = (
    "2026-11-24T20:00:00Z",
    "2026-11-24T20:00:00.1Z",
    "2026-11-24T20:00:00.123456Z",
    "2026-11-24T20:00:00.1234567Z",
    "2026-11-24t20:00:00z",
    "2026-11-24 20:00:00Z",
    "2026-11-24T20:00:00+08:00",
    "2026-11-24T20:00:00+0800",
    "2026-11-24T20:00:00",
    "2026-11-24T20:00:60Z",
    "2026-11-24T24:00:00Z",
    "2026-02-29T00:00:00Z",
    "2000-01-01T00:00:00Z",
    "1999-12-31T23:59:59Z",
    "2099-12-31T23:59:59.999999Z",
    "2100-01-01T00:00:00Z",
    "20261124T200000Z",
    "2026-W48-2T20:00:00Z",
    "",
)


def _mangled(chance: random.Random, text: str) -> str:
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        at, gone = chance.randrange(len(text) + 1), chance.randrange(2)
        text = text[:at] + chance.choice("0123456789TtZz:-+. ,٣\n") + text[at + gone :]
    return text


def _by_itself(text: str) -> str | None:
    try:
        return repr(parse(text))  # repr tells zones apart too
    except ValueError:
        return None


@given(st.lists(st.sampled_from(WRITTEN), max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=1500)
def test_instants_read_together_are_those_read_one_by_one(texts: list[str], chance: random.Random) -> None:
    told = [_mangled(chance, text) for text in texts]
    found = InstantsByText(told)
    for text in told:
        assert (None if found[text] is None else repr(found[text])) == _by_itself(text), text


def test_those_in_utc_are_read_at_once_and_others_when_they_are_asked_for() -> None:
    found = InstantsByText(["2026-11-24T20:00:00Z", "2026-11-24T20:00:00.5Z", "2026-11-24T20:00:00+08:00"])
    assert list(found) == ["2026-11-24T20:00:00Z", "2026-11-24T20:00:00.5Z"]
    assert found["2026-11-24T20:00:00+08:00"] == parse("2026-11-24T12:00:00Z")
    assert not InstantsByText(["2026-11-24 20:00:00Z"]), "msgspec would have read it"
