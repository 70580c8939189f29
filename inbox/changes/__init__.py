"""What changed, told to live pages and to programs."""
