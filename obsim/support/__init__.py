"""What obsim supports in which version, found out by asking it; `docs/support.md` is printed from here."""
