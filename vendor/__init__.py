"""Third parties: what they are (pins.toml), how they arrive (fetch), what we change (edits)."""
