"""The control API: everything that the phone page can do, for programs."""
