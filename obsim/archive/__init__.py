"""Log archiving as far as admission checks and views look at it: mode, destination, current round (engine.md 4.1)."""
