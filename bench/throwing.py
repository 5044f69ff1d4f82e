"""Decode and throw: what HTTP and the framework cost alone. Served by granian as the product is."""

import msgspec
from flask import Flask, Response, request

app = Flask(__name__)
_decoder = msgspec.json.Decoder()


@app.post("/api/v1/ingest/events")
def throw() -> Response:
    """The events, decoded and forgotten."""
    _decoder.decode(request.get_data(cache=False))
    return Response(b"{}", mimetype="application/json")
