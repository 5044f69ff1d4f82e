"""Print the OpenAPI 3.1 document that the server serves."""

import argparse
import json
import sys


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run(_options: argparse.Namespace) -> int:
    """Needs the settings, but neither database nor Redis."""
    from campaign.app import create_app
    from campaign.gate.openapi import document

    app = create_app()
    with app.app_context():
        json.dump(document(app), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
    return 0
