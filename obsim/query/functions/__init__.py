"""The SQL functions that exist: the registry, what they compute, and what they may ask of a session."""
