"""PostgreSQL and Valkey from their wheels, run as our own children."""
