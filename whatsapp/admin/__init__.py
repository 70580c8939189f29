"""The channel's own pages in the admin, and what all of the admin's lists and buttons share."""

from whatsapp.admin import templates

__all__ = ["templates"]
