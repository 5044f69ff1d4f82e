"""The host's card."""
