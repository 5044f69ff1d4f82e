"""The application with room for any number of pushes: the control of test_flood."""

from typing import Any

from campaign import app
from campaign.sales import intake


def create_app() -> Any:
    """As the product makes it, without the guard at its door."""
    intake.MOST_INSIDE = intake.MOST_EVENTS_INSIDE = 10**9
    return app.create_app()
