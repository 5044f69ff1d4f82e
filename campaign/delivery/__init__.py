"""What leaves the house for other people's machines: webhooks, signed, retried and logged."""
