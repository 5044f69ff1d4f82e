"""The parts of the app that serves this request."""

from typing import cast

from flask import current_app

from campaign.kit.parts import Parts


def parts() -> Parts:
    """Kept on the app by create_app."""
    return cast(Parts, current_app.extensions["parts"])
