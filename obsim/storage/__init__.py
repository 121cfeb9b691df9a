"""Storage of a tenant: log streams, tablets and the macroblocks under them (engine.md 1 and 2)."""
