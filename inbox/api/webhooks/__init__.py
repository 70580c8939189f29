"""Posting to programs what happens, as Standard Webhooks describes: delivery and signing."""
