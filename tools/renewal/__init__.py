"""Another version of PGlite, tried (docs/HACKING.md)."""
