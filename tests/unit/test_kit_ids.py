"""Ids as text: every bigint there and back, always the same length, in the order of their numbers."""

import random

from campaign.kit.ids import internal, public

EDGES = [0, 1, 31, 32, 1023, 1024, 2**60 - 1, 2**60, 2**63 - 1]


def test_every_number_comes_back() -> None:
    chosen = random.Random(7)
    numbers = EDGES + [chosen.randrange(2**63) for _ in range(2000)]
    assert [internal("ses", public("ses", number)) for number in numbers] == numbers


def test_known_ids_are_written_as_ever() -> None:
    assert public("ses", 0) == "ses_0000000000000"
    assert public("ses", 1055) == "ses_000000000010z"
    assert public("ses", 2**63 - 1) == "ses_7zzzzzzzzzzzz"


def test_texts_sort_as_their_numbers() -> None:
    chosen = random.Random(8)
    numbers = sorted(EDGES + [chosen.randrange(2**63) for _ in range(200)])
    assert sorted(public("ses", number) for number in numbers) == [
        public("ses", number) for number in numbers
    ]
