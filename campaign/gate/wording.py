"""From code and parameters to a sentence in the reader's language."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from campaign.gate import words
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
    sentence = all_words().get(code)
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
