"""Sales: ingest, merge, attribution, rollups, counters, reconcile."""
