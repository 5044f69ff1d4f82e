"""Series: one show on many dates, by a rule in wall time, each date an ordinary session."""
