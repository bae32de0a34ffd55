"""Cities, with where they are."""
