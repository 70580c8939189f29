"""The simulated WhatsApp itself: who is there, what was said, what goes wrong, and what our webhooks are told."""
