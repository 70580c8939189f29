"""Facts as text: names, sizes, dates, summaries, and WhatsApp's markup."""
