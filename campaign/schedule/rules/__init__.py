"""The rules of the schedule: pure values in, findings out. table.py lists them, judging.py puts a plan to them."""
