"""The studio's phone page."""
