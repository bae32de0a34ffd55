"""Live queries, PGlite's: queries whose results come again when what they read has changed."""
