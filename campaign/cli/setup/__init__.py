"""From a fresh clone to an environment that stands. Standard library only."""
