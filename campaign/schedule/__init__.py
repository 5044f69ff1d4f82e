"""Sessions, what they claim, who answers for them."""
