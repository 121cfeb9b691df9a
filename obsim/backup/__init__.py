"""Data backup: jobs, set tasks, sets, the choice of a base, the stages (engine.md 2 and 3, status-machines.md 2-4)."""
