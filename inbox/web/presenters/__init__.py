"""From rows to what templates show, worked out once, in Python."""
