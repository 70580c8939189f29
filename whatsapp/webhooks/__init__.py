"""The webhook endpoints and the journal: authenticate, store by group commit, answer."""
