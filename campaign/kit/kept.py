"""Answers kept in the process until what they were made of has another version. Bounded; the oldest go first."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Kept(Generic[Answer]):
    """The newest answer to each question, with the version it holds for."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[Hashable, Answer]] = OrderedDict()

    def find(self, question: Hashable, version: Hashable) -> Answer | None:
        """The answer, where it was made at this very version."""
        with self._lock:
            found = self._answers.get(question)
            if found is None or found[0] != version:
                return None
            self._answers.move_to_end(question)
            return found[1]

    def keep(self, question: Hashable, version: Hashable, answer: Answer) -> None:
        """Replaces what was kept of the question."""
        with self._lock:
            self._answers[question] = (version, answer)
            self._answers.move_to_end(question)
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
