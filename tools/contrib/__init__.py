"""Modules of PostgreSQL's contrib that PGlite does not build, compiled for the guest."""
