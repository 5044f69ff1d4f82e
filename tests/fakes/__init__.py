"""Outside parties played by real servers on 127.0.0.1."""
