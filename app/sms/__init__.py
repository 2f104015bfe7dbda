"""Short messages (短信) through a provider: one port, and one adapter for each provider behind it."""
