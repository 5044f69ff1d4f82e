"""The one door: permission, transaction, idempotency, errors in words."""
