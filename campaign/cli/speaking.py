"""Codes as sentences on the command line. The words live with the application."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaign.kit.parts import Parts


@contextmanager
def spoken(parts: "Parts", language: str) -> Iterator[None]:
    """Within it words come in that language: en or zh_CN."""
    from flask_babel import force_locale

    from campaign.app import create_app

    with create_app(parts).test_request_context(), force_locale(language):
        yield


@contextmanager
def english(parts: "Parts") -> Iterator[None]:
    """Within it words come in English."""
    with spoken(parts, "en"):
        yield
