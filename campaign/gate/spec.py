"""What a view takes and gives, told to OpenAPI by the same declaration that enforces it."""

from collections.abc import Callable
from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel, Field

View = Callable[..., Any]

_annotate = APIBlueprint("spec", __name__)


class FieldFault(BaseModel):
    """One field at fault."""

    field: str = Field(description="path of the field, such as participants.0.host_id")
    code: str
    message: str


class Problem(BaseModel):
    """application/problem+json (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="stable, snake_case")
    errors: list[FieldFault] | None = None
    conflicts: list[dict[str, Any]] | None = Field(
        default=None, description="what is in the way: rule, what and when, and a message"
    )
    alternatives: list[dict[str, Any]] | None = Field(
        default=None, description="free places: studio_id, starts_at, ends_at"
    )
    entries: list[dict[str, Any]] | None = Field(
        default=None,
        description="of a plan that is refused: each entry that is in the way, with its conflicts",
    )
    dates: list[dict[str, Any]] | None = Field(
        default=None,
        description="of a series that is refused: each date that is not free, with its conflicts",
    )


def describe(
    view: View,
    *,
    permission: str,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
    status: int = 200,
    limited: str = "",
) -> View:
    """Mark the view with its permission and its shapes."""

    # APIFlask's decorators would parse and inject as well; a stand-in takes their marks, the gate does the work.
    def marked() -> None: ...

    if query is not None:
        marked = _annotate.input(query, location="query", validation=False)(marked)
    if body is not None:
        marked = _annotate.input(body, location="json", validation=False)(marked)
    if answer is not None:
        marked = _annotate.output(answer, status_code=status)(marked)
    responses = {429: f"{limited}; Retry-After says in how many seconds again."} if limited else None
    marked = _annotate.doc(description=view.__doc__, responses=responses)(marked)
    view._spec = marked._spec  # type: ignore[attr-defined]
    view.permission = permission  # type: ignore[attr-defined]
    return view
