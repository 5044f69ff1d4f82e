"""Pages of an agency's user."""
