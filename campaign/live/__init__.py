"""A session on air: evidence, taps and what the clock decides."""
