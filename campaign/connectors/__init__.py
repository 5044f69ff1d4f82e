"""Ways in for sales data: our push, files and platforms, each turned into sale events."""
