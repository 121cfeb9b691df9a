"""What can be restored from a tenant's backups: the sets and pieces of a restore, and its window (engine.md 7)."""
