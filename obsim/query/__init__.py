"""SELECT over the views: parsed by sqlglot, rewritten for SQLite, evaluated there, typed as MySQL types it."""
