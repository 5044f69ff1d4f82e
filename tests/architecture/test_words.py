"""Everything people read is there in both languages, and every code has words."""

import importlib
import pkgutil
import re
from collections import defaultdict
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import campaign
from campaign.gate.wording import all_words
from campaign.kit.errors import DomainError
from campaign.schedule.rules.table import LEVELS, RULES

ROOT = Path(__file__).resolve().parents[2]
_KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "_n": (1, 2)}


def _said_in_code() -> set[str]:
    found = set()
    for folder in ("campaign", "templates"):
        for _, _, message, *_ in extract_from_dir(
            ROOT / folder,
            method_map=[("**.py", "python"), ("**.html", "jinja2.ext.babel_extract")],
            keywords=_KEYWORDS,
        ):
            found.add(message[0] if isinstance(message, tuple) else message)
    return found


def _translated() -> dict[str, str]:
    found: dict[str, str] = {}
    for area in sorted((ROOT / "translations" / "zh_CN").glob("*.po")):
        with area.open("rb") as file:
            for message in read_po(file):
                if message.id:
                    name = message.id[0] if isinstance(message.id, tuple) else message.id
                    text = message.string[0] if isinstance(message.string, tuple) else message.string
                    found[name] = text
    return found


def test_every_sentence_has_chinese():
    translated = _translated()
    assert sorted(text for text in _said_in_code() if not translated.get(text)) == []


def test_no_translation_is_left_over():
    assert sorted(set(_translated()) - _said_in_code()) == []


def test_translations_keep_their_placeholders():
    marks = re.compile(r"%\(\w+\)[sd]")
    wrong = [
        text
        for text, chinese in _translated().items()
        if set(marks.findall(text)) != set(marks.findall(chinese)) and "%(num)" not in text
    ]
    assert wrong == []


def test_what_holds_a_percent_sign_can_be_filled_in():
    """Templates fill in every sentence, also one without a place to fill: a bare sign would break its page."""
    wrong = [text for pair in _translated().items() for text in pair if not _can_be_filled_in(text)]
    assert wrong == []
    assert not _can_be_filled_in("95% 不超过"), "the check sees a bare sign"


def _can_be_filled_in(text: str) -> bool:
    try:
        text % defaultdict(int)
    except (ValueError, TypeError):
        return False
    return True


def _errors(base: type[DomainError]):
    for kind in base.__subclasses__():
        yield kind
        yield from _errors(kind)


def test_every_error_has_words():
    for module in pkgutil.walk_packages(campaign.__path__, "campaign."):
        if not module.name.startswith(("campaign.cli", "campaign.__main__")):
            importlib.import_module(module.name)
    bare = sorted({kind.code for kind in _errors(DomainError)} - set(all_words()))
    assert bare == []


def test_every_rule_of_the_schedule_has_words_and_a_name():
    needed = {*RULES, *(f"rule.{code}" for code in RULES), *(f"level.{level}" for level in LEVELS)}
    assert sorted(needed - set(all_words())) == []
