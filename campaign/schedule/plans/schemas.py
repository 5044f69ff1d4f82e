"""What plans take."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from campaign.kit.fields import Line, Name, Note, PublicId, SessionId, Strict
from campaign.parties.schemas import Day
from campaign.schedule.schemas import SessionChange, SessionIn
from campaign.schedule.states import CancelCode

PlanId = Annotated[int, PublicId("pln")]
EntryId = Annotated[int, PublicId("ple")]
State = Literal["draft", "released", "dropped"]
Kind = Literal["book", "change", "cancel"]

MOST_ENTRIES = 300
LONGEST_DAYS = 62


class PlanIn(Strict):
    """Board days, both counted in. copy_from: sessions from that day on are laid onto these days as new ones."""

    name: Name
    note: Note = ""
    first_day: Day
    last_day: Day
    copy_from: Day | None = None


class PlanChange(Strict):
    """Only the fields given are touched."""

    name: Name | None = None
    note: Note | None = None

    @model_validator(mode="after")
    def _nothing_emptied(self) -> "PlanChange":
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError("missing")
        return self


class PlanCancelIn(Strict):
    """Why a session is called off."""

    code: CancelCode
    reason: Line = ""


class PlanEntryIn(Strict):
    """What is to become of one session: the part named like its kind is given, and no other.

    version: the session's as it was read; left out, as it is now. Reasons for soft conflicts are given once,
    with the release.
    """

    kind: Kind
    session_id: SessionId | None = None
    version: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)] | None = None
    book: SessionIn | None = None
    change: SessionChange | None = None
    cancel: PlanCancelIn | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> "PlanEntryIn":
        given = [name for name in ("book", "change", "cancel") if getattr(self, name) is not None]
        if given != [self.kind]:
            raise ValueError("plan_entry_kind")
        if (self.session_id is None) != (self.kind == "book"):
            raise ValueError("plan_entry_session")
        if getattr(self.book or self.change, "override", None) is not None:
            raise ValueError("plan_entry_override")
        return self

    def kept(self) -> dict[str, Any]:
        """The part given, as plain JSON."""
        part: Strict = getattr(self, self.kind)
        return part.model_dump(mode="json", by_alias=True, exclude_unset=True)


class ReleaseIn(Strict):
    """reason: lets all soft conflicts through, and is kept with each. offer: new sessions are offered at once."""

    reason: Name | None = None
    offer: Annotated[bool, Field(strict=True)] = True
