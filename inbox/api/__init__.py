"""The JSON API for programs, at /api/. docs/api.md is its manual."""
