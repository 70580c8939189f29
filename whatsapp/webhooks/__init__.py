"""Where notifications come in: authenticate, store by group commit, answer; and the journal they are stored in."""
