"""Every bench by name. A bench is a module with run(grounds) that yields figures."""

NAMES = ("schedule", "board", "sales", "imports", "clock", "webhooks", "live", "flash", "stored")
