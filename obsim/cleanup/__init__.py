"""The clean-up of backups by the delete policy: what is obsolete, and the jobs that delete it (engine.md 3.7)."""
