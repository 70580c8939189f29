"""PostgreSQL: bulk statements, keyset paging, locks and connections."""
