"""The waiting list: who wants a place that is not free, and what becomes of a freed one."""
