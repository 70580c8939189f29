"""From the journal to rows."""
