"""Print the OpenAPI 3.1 document that the server serves."""

import argparse
import json
import os
import sys

# Nothing is asked of either: the document is made of the routes.
_NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1"}


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run(_options: argparse.Namespace) -> int:
    """Needs no server: neither database nor Redis is spoken to."""
    from campaign.app import create_app
    from campaign.gate.openapi import document
    from campaign.wiring import wire
    from config.settings import load

    parts = wire(load({**os.environ, **_NOWHERE}), nudges=False)
    app = create_app(parts)
    with app.app_context():
        json.dump(document(app), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
    return 0
