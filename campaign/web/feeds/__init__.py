"""Calendar feeds: what programs subscribe to, and the pages that show the address."""
