"""Running an installation: checks, reconciliation, moving in, the demo, worker processes."""
