"""Reading what came in: strict JSON and query strings into schemas, faults by field."""

from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from campaign.kit.errors import DomainError, FieldError, Invalid
from campaign.kit.strict_json import BadJson, decode

Model = TypeVar("Model", bound=BaseModel)

LARGEST_BODY = 256 * 1024


class BadBody(DomainError):
    status = 400
    code = "bad_json"


class TooLarge(DomainError):
    status = 413
    code = "too_large"


def read_body(schema: type[Model]) -> Model:
    """The JSON body as `schema`. Raises BadBody (400), TooLarge (413), Invalid (422)."""
    if (request.content_length or 0) > LARGEST_BODY:
        raise TooLarge
    raw = request.get_data(cache=True)
    if len(raw) > LARGEST_BODY:
        raise TooLarge
    if not raw and _all_optional(schema):
        raw = b"{}"
    try:
        return validated(schema, decode(raw))
    except BadJson as error:
        raise BadBody(why=str(error)) from error


def read_query(schema: type[Model]) -> Model:
    """The query string as `schema`; a name given twice becomes a list. Raises Invalid (422)."""
    given = {name: values if len(values) > 1 else values[0] for name, values in request.args.lists()}
    return validated(schema, given)


def validated(schema: type[Model], given: Any) -> Model:
    """Check plain values against a schema; raises Invalid naming every field at fault."""
    try:
        return schema.model_validate(given, context={"outside": True})
    except ValidationError as error:
        raise Invalid(faults_of(error)) from error


def faults_of(error: ValidationError) -> list[FieldError]:
    """Pydantic's complaints as our fields, codes and parameters."""
    return [
        FieldError(".".join(str(part) for part in fault["loc"]), *_code_of(fault))
        for fault in error.errors(include_url=False)
    ]


def _all_optional(schema: type[BaseModel]) -> bool:
    return not any(info.is_required() for info in schema.model_fields.values())


LEAST, MOST = -(2**63), 2**63 - 1
"""As far as the database counts: a number that nothing else bounds."""


def _code_of(fault: Any) -> tuple[str, dict[str, Any]]:
    kind, context = fault["type"], fault.get("ctx") or {}
    if kind == "missing":
        return "missing", {}
    if kind == "extra_forbidden":
        return "unknown_field", {}
    if kind == "value_error":
        # Our own validators raise ValueError(code).
        return str(context.get("error", "wrong_type")), {}
    if kind in ("string_too_short", "too_short"):
        return (
            ("missing", {})
            if context.get("min_length") == 1
            else ("too_short", {"least": context["min_length"]})
        )
    if kind in ("string_too_long", "too_long"):
        return "too_long", {"most": context["max_length"]}
    if kind in ("literal_error", "enum"):
        # Told as 'csv' or 'xlsx': the word between is English, whoever reads.
        return "choice", {"allowed": context.get("expected", "").replace(" or ", ", ").replace("'", "")}
    if kind.startswith(("int_", "greater_than", "less_than")):
        return "number", {"least": context.get("ge", LEAST), "most": context.get("le", MOST)}
    return "wrong_type", {}
