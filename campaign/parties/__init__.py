"""The hub, its studios, brands, shops, agencies, hosts and their contracts."""
