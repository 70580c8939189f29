"""Files: fetched from WhatsApp, received from agents, converted, previewed and stored."""
