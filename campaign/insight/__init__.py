"""Read models across packages: summaries, live figures, drill-down."""
