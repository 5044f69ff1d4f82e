"""Settings, periodic jobs, logging: values only, no product code."""
