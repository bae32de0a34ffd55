"""Third parties: what they are (pins.toml), how they arrive (fetch.py), what we change (edits.py)."""
