"""The JSON API for programs, at /api/. docs/api.md describes it for those who call it."""
