"""From code and parameters to a sentence in the reader's language."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from campaign.gate import words
from campaign.gate.bodies import LEAST, MOST
from campaign.gate.written import language
from campaign.kit.names import Bilingual


@lru_cache(maxsize=1)
def all_words() -> dict[str, Any]:
    """Every subject's codes; a code that two subjects claim is a fault in our code."""
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(words.__path__):
        subject = importlib.import_module(f"{words.__name__}.{module.name}").WORDS
        twice = found.keys() & subject.keys()
        if twice:
            raise ValueError(f"worded twice: {sorted(twice)}")
        found |= subject
    return found


def in_words(code: str, params: Mapping[str, Any]) -> str:
    """The sentence for a code; the code itself where nobody worded it (a test looks for those)."""
    sentence = all_words().get(_open_ended(code, params))
    if sentence is None:
        return code
    if language() == "en":
        named = {
            key: one.english for key, one in params.items() if isinstance(one, Bilingual) and one.english
        }
        params = {**params, **named}
    if "platform" in params:
        # Platforms travel as codes and have a name in each language.
        platform = params["platform"]
        params = {**params, "platform": str(all_words().get(f"platform.{platform}", platform))}
    try:
        return str(sentence) % params
    except (KeyError, TypeError, ValueError):
        return str(sentence)


def _open_ended(code: str, params: Mapping[str, Any]) -> str:
    """Of a number that is bound on one side, or on none, nobody wants to read how far the database counts."""
    if code != "number":
        return code
    has_least, has_most = params.get("least") != LEAST, params.get("most") != MOST
    if has_least and has_most:
        return code
    return "number.least" if has_least else "number.most" if has_most else "number.any"


class RowFault(Protocol):
    """A row of a file that was left out."""

    @property
    def code(self) -> str: ...
    @property
    def params(self) -> Mapping[str, Any]: ...


def row_words(fault: RowFault) -> str:
    """Why a row was left out: the words for rows, else those the same refusal has elsewhere."""
    code = f"row_{fault.code}"
    said = in_words(code if code in all_words() else fault.code, fault.params)
    # Only a soft rule stands in the way: the sheet has a column for the reason.
    return f"{said} {in_words('row_with_reason', {})}" if "override" in fault.params else said
