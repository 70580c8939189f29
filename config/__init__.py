"""The project: settings, addresses, and the processes that serve them."""

__version__ = "1.0.0"
