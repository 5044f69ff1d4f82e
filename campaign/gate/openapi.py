"""The OpenAPI 3.1 document: APIFlask's, completed with what our contract promises on every call."""

from functools import lru_cache
from typing import Any, cast

from apiflask import APIFlask
from flask import Flask

from campaign.gate.spec import Problem

_METHODS = ("get", "post", "put", "patch", "delete")


def document(app: Flask) -> dict[str, Any]:
    """The document of this app, made once per process."""
    return _document(cast(Any, app)._get_current_object() if hasattr(app, "_get_current_object") else app)


@lru_cache(maxsize=2)
def _document(app: APIFlask) -> dict[str, Any]:
    with app.test_request_context():
        made = cast(dict[str, Any], app._get_spec(spec_format="json", force_update=True))
    made["openapi"] = "3.1.0"
    components = made.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema(
        ref_template="#/components/schemas/{model}"
    )
    components["schemas"].update(components["schemas"]["Problem"].pop("$defs", {}))
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    made["paths"] = {path: item for path, item in made["paths"].items() if path.startswith("/api/v1")}
    for path, item in made["paths"].items():
        for method in _METHODS:
            if method in item:
                _complete(item[method], method, path)
    return made


def _complete(operation: dict[str, Any], method: str, path: str) -> None:
    operation.setdefault("operationId", _operation_id(method, path))
    operation.setdefault("security", [{"key": []}])
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    responses = operation.setdefault("responses", {})
    responses.setdefault(
        "default",
        {
            "description": "The request was refused.",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    )
    if "429" in responses:
        seconds = {"schema": {"type": "integer", "minimum": 1}, "description": "seconds"}
        responses["429"] |= {"content": responses["default"]["content"], "headers": {"Retry-After": seconds}}
    if method == "post":
        operation.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "maxLength": 200},
            }
        )


def _operation_id(method: str, path: str) -> str:
    words = [part.strip("{}") for part in path.removeprefix("/api/v1/").split("/")]
    return "_".join([method, *words]).replace("-", "_")
