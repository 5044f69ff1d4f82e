"""Shared crews as they come in and go out."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from campaign.kit.fields import CrewPoolId, Line, Name, Strict
from campaign.parties.schemas import Minutes, Shown

MOST_UNITS = 20
"""Of one crew for one session."""


class CrewPoolIn(Strict):
    """capacity: so many at once. They are needed from before_minutes before a start until into_minutes after it."""

    name: Name
    name_en: Line = ""
    capacity: Annotated[int, Field(strict=True, ge=1, le=200)]
    before_minutes: Minutes = 60
    into_minutes: Minutes = 0

    @model_validator(mode="after")
    def _needed_for_a_time(self) -> "CrewPoolIn":
        if self.before_minutes + self.into_minutes == 0:
            raise ValueError("needed_for_no_time")
        return self


class CrewPoolOut(Shown):
    id: CrewPoolId
    name_en: str
    capacity: int
    before_minutes: int
    into_minutes: int


class CrewIn(Strict):
    """So many of a crew for a session."""

    pool_id: CrewPoolId
    units: Annotated[int, Field(strict=True, ge=1, le=MOST_UNITS)] = 1


class CrewOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    pool_id: CrewPoolId
    name: str
    units: int
