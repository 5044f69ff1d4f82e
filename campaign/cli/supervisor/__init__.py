"""`up`: starts every part in order, keeps them running, ends them in order."""
