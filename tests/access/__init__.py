"""Who gets what: each route × role × {own, foreign, absent} against a committed table."""
