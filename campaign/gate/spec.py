"""What a view takes and gives, told to OpenAPI by the same declaration that enforces it."""

from collections.abc import Callable
from typing import Any, cast

from apiflask import APIBlueprint
from pydantic import BaseModel, Field

View = Callable[..., Any]

# APIFlask's decorators only annotate here (validation=False); parsing and answers are the gate's own.
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


def describe(
    view: View,
    *,
    permission: str,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
    status: int = 200,
) -> View:
    """Mark the view with its permission and its shapes."""
    if query is not None:
        view = _annotate.input(query, location="query", validation=False)(view)
    if body is not None:
        view = _annotate.input(body, location="json", validation=False)(view)
    if answer is not None:
        view = _annotate.doc(responses=cast(Any, {status: answer}))(view)
    view.permission = permission  # type: ignore[attr-defined]
    return view
