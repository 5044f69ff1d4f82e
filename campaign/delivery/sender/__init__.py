"""The process that sends: fan-out, claim under a lease, POST, note. Several of them are safe side by side."""
