"""Children of this program that cannot outlive it."""
