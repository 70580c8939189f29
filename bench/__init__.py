"""The performance figures: each a ratio within one interleaved run, printed as a table, never asserted in a test."""
