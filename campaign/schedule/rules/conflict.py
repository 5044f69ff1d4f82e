"""One thing in the way of a session, as a code and parameters. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Conflict:
    """One thing in the way: by which rule, of which resource (its own id), which session has it, and when.

    `code` and `params` are worded at the edge. session_id is None where no other session is to blame.
    """

    rule: str
    resource_type: str
    resource_id: int | None
    starts_at: datetime
    ends_at: datetime
    session_id: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The words' code: the rule's own name."""
        return self.rule

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes it the same one when the plan is looked at again."""
        return (self.rule, self.resource_id, self.starts_at, self.ends_at)
