"""Products, platform accounts, campaigns."""
