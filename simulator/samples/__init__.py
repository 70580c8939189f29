"""Messages and files to play with, made at run time."""
