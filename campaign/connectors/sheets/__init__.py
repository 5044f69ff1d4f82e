"""Parties and sessions as tables people keep: read row by row, and sessions written out again."""
