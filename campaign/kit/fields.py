"""Field types that schemas share: text without surprises, money, currencies, ids of the outside."""

import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import core_schema

from campaign.kit import ids
from campaign.kit.instants import Instant
from campaign.kit.numbers import whole
from campaign.kit.paging import DEFAULT_LIMIT, LARGEST_LIMIT

MOST_FEN = 10**15


class Strict(BaseModel):
    """Input: unknown fields are faults, and a value is never bent into another type."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _clean(value: str) -> str:
    # Cc holds NUL and escape sequences, Cs lone surrogates: neither can be stored or shown.
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in value):
        raise ValueError("text")
    return unicodedata.normalize("NFC", value).strip()


def _single_line(value: str) -> str:
    if "\n" in value or "\t" in value:
        raise ValueError("text")
    return value


def _not_blank(value: str) -> str:
    # Bidi and zero-width marks alone look like nothing on a page.
    if not any(unicodedata.category(char)[0] in "LNPS" for char in value):
        raise ValueError("missing")
    return value


Line = Annotated[
    str, Field(strict=True, max_length=200), AfterValidator(_clean), AfterValidator(_single_line)
]
"""One line of text, possibly empty, at most 200 characters."""

Name = Annotated[Line, AfterValidator(_not_blank)]
"""A name that can be seen: 1 to 200 characters."""

Note = Annotated[str, Field(strict=True, max_length=5000), AfterValidator(_clean)]
"""Text with lines, at most 5,000 characters."""

Fen = Annotated[int, Field(strict=True, ge=0, le=MOST_FEN)]
"""Money in minor units, 0 to 10^15."""

Currency = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""


def _query_int(value: Any) -> Any:
    """Query strings are text: exactly digits become a number."""
    number = whole(value, 18)
    return value if number is None else number


QueryInt = Annotated[int, BeforeValidator(_query_int), Field(strict=True, ge=0)]


@dataclass(frozen=True)
class PublicId:
    """Marks an int field as one kind of id: prefixed text outside, bigint inside.

    Reading input (gate.bodies, context outside=True) takes the text alone; models that we fill for an answer
    take our own ints. A well-formed id is no promise that the row is there; that is for the query to say.
    """

    prefix: str

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self._read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                self._write, return_schema=core_schema.str_schema()
            ),
        )

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self.prefix}_[0-9a-z]{{13}}$"}

    def _read(self, value: Any, info: core_schema.ValidationInfo[Any]) -> int:
        if type(value) is int and not (info.context or {}).get("outside"):
            return value
        try:
            return ids.internal(self.prefix, value)
        except (ValueError, AttributeError, TypeError):
            raise ValueError("unknown_id") from None

    def _write(self, value: int) -> str:
        return ids.public(self.prefix, value)


SessionId = Annotated[int, PublicId("ses")]
StudioId = Annotated[int, PublicId("std")]
HostId = Annotated[int, PublicId("hst")]
AgencyId = Annotated[int, PublicId("agc")]
BrandId = Annotated[int, PublicId("brd")]
ShopId = Annotated[int, PublicId("shp")]
ProductId = Annotated[int, PublicId("prd")]
AccountId = Annotated[int, PublicId("acc")]
CampaignId = Annotated[int, PublicId("cmp")]
CrewPoolId = Annotated[int, PublicId("crw")]
ConnectorId = Annotated[int, PublicId("con")]


class ListQuery(Strict):
    """What every list takes."""

    limit: Annotated[QueryInt, Field(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT
    cursor: str | None = Field(default=None, max_length=500)
    updated_since: Instant | None = None
