"""The providers that carry messages between WhatsApp and us: authentication and transport, one module each."""
