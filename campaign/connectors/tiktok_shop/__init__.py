"""TikTok Shop: its webhook."""
