"""Conflicts in words, as answers show them."""

from campaign.gate.wording import in_words
from campaign.schedule.errors import written_conflict
from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.shapes import ConflictOut


def shown(conflict: Conflict) -> ConflictOut:
    """A conflict with its message in the place of code and parameters."""
    plain = written_conflict(conflict)
    return ConflictOut(message=in_words(plain.pop("code"), plain.pop("params")), **plain)
