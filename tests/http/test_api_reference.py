"""The reference page is made of the served document and needs no scripts; what the document refers to is there."""

import json
import re
from typing import get_args

from pydantic import BaseModel


def test_the_reference_page_lists_the_routes_in_both_languages(client):
    page = client.get("/api/v1/docs", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "/api/v1/studios" in page.text
    assert "API reference" in page.text
    assert client.get("/api/v1/docs", headers={"Accept-Language": "zh-CN"}).status_code == 200


def _shapes(found, schema):
    """The class and all that its fields are made of."""
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        if schema not in found:
            found.add(schema)
            for field in schema.model_fields.values():
                _shapes(found, field.annotation)
    else:
        for part in get_args(schema):
            _shapes(found, part)


def test_two_shapes_never_share_a_name(app):
    """The document knows shapes by the names of their classes: of two with one name, one would be lost."""
    found = set()
    for view in app.view_functions.values():
        spec = getattr(view, "_spec", {})
        _shapes(found, spec.get("body"))
        _shapes(found, (spec.get("response") or {}).get("schema"))
    assert len(found) > 150
    names = [shape.__name__ for shape in found]
    assert (
        sorted(f"{shape.__module__}.{shape.__name__}" for shape in found if names.count(shape.__name__) > 1)
        == []
    )


def test_every_reference_leads_somewhere(client):
    document = client.get("/api/v1/openapi.json").data.decode()
    named = set(re.findall(r"#/components/schemas/([^\"]+)", document))
    assert named <= set(json.loads(document)["components"]["schemas"])
