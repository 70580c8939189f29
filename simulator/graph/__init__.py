"""The simulated Graph API: accounts, messages, files, templates, and what Meta refuses."""
