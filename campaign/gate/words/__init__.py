"""Codes of rules and errors, worded in the reader's language."""
