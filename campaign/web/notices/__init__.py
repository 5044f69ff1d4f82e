"""Pages about notices: what was told, alerts, and the channels of each party."""
