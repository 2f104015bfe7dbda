"""The service account's conversation: what WeChat pushes to us, and what the bot answers."""
