"""Pages of the hub's staff."""
