"""From an agent's or program's intent to a message at WhatsApp."""
