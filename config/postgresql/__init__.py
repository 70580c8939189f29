"""Django's PostgreSQL, with a limit for the time that a connection waits for an answer."""
