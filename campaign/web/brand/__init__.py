"""Pages of a brand's user."""
