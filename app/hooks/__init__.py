"""Webhooks: who wants to be told of which events, what is owed to them, and telling them."""
