"""Destinations on real media: files below one directory, object stores at allowed endpoints (design, Destinations).

The core imports nothing of this: it says what it wants done (`obsim.destination.intents`), and gets the outcome.
"""
